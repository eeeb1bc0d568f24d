package sourcetest

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

func (s *Server) table(name string) *Table {
	for i := range s.Site.Tables {
		if s.Site.Tables[i].Name == name {
			return &s.Site.Tables[i]
		}
	}
	return nil
}

func (s *Server) rows(r Request, a *Answer) {
	if names, several := r.Body["tables"].([]any); several {
		s.together(names, a)
		return
	}
	table := s.table(r.Text("table"))
	switch {
	case table == nil:
		a.Signed('E', Failure("unknown_table"))
	case r.Text("cell") != "":
		sendCell(table, r, a)
	default:
		first, _ := strconv.Atoi(r.Text("cursor"))
		a.Signed('E', s.send(table, first, a))
	}
}

// together sends several tables, each up to a checkpoint of its own.
func (s *Server) together(names []any, a *Answer) {
	end := map[string]any{"complete": true, "cursor": nil}
	for _, name := range names {
		table := s.table(name.(string))
		if table == nil {
			a.Signed('E', Failure("unknown_table"))
			return
		}
		last := s.send(table, 0, a)
		last["table"] = table.Name
		a.Signed('C', last)
		if last["complete"] == false {
			end["complete"] = false
			break
		}
	}
	a.Signed('E', end)
}

// send sends rows of a table and returns how far they have come.
func (s *Server) send(table *Table, first int, a *Answer) map[string]any {
	header := map[string]any{"table": table.Name}
	var columns, kinds []string
	for _, c := range table.Columns {
		columns, kinds = append(columns, c.Name), append(kinds, c.Kind)
	}
	header["columns"], header["kinds"] = columns, kinds
	a.JSON(header)
	for i, row := range table.Cells[first:] {
		if s.MaxRows > 0 && i == s.MaxRows {
			return map[string]any{"complete": false, "cursor": strconv.Itoa(first + i)}
		}
		a.Frame('D', encodeRow(row, first+i))
		a.Signed('C', map[string]any{"cursor": strconv.Itoa(first + i + 1)})
	}
	return map[string]any{"complete": true, "cursor": nil}
}

func encodeRow(row []any, number int) (out []byte) {
	for column, cell := range row {
		switch cell := cell.(type) {
		case nil:
			out = append(out, 0)
		case string:
			out = binary.AppendUvarint(out, uint64(len(cell))+2)
			out = append(out, cell...)
		case Large:
			token := fmt.Sprintf("%d/%d", number, column)
			out = append(out, 1)
			out = binary.AppendUvarint(out, uint64(len(cell)))
			out = binary.AppendUvarint(out, uint64(len(token)))
			out = append(out, token...)
		}
	}
	return out
}

func sendCell(table *Table, r Request, a *Answer) {
	var row, column int
	if _, err := fmt.Sscanf(r.Text("cell"), "%d/%d", &row, &column); err != nil {
		a.Signed('E', Failure("bad_request"))
		return
	}
	cell := string(table.Cells[row][column].(Large))
	offset, _ := strconv.Atoi(r.Text("cursor"))
	for offset < len(cell) {
		end := min(offset+max(pieceSize, len(cell)/256), len(cell))
		a.Frame('D', []byte(cell[offset:end]))
		offset = end
		a.Signed('C', map[string]any{"cursor": strconv.Itoa(offset), "offset": offset, "length": len(cell)})
	}
	a.Signed('E', map[string]any{"complete": true, "cursor": nil})
}
