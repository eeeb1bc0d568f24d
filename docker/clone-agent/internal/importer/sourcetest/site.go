package sourcetest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// Site is what a source has.
type Site struct {
	Home      string
	Preflight map[string]any // replaces parts of the answer
	Tables    []Table
	Roots     []Root
}

// Table is a table with its rows. A cell is nil, a string, or a Large.
type Table struct {
	source.Table
	Cells [][]any
}

// Large is a cell that is fetched on its own.
type Large string

// Root is a tree: records in the order in which they are sent.
type Root struct {
	source.Root
	Records []Record
}

// Record is a file record, or raw bytes.
type Record struct {
	Kind    byte
	Path    string
	Text    string // content, target or reason
	Raw     []byte
	Changed int // how often the file claims to have changed while it was read
}

const pieceSize = 1000

func (s *Server) answer(r Request, a *Answer) {
	switch r.Endpoint {
	case "preflight":
		a.JSON(s.preflight())
		a.Signed('E', map[string]any{"complete": true, "cursor": nil})
	case "tables":
		for _, table := range s.Site.Tables {
			a.JSON(table.Table)
		}
		a.Signed('E', map[string]any{"complete": true, "cursor": nil})
	case "rows":
		s.rows(r, a)
	case "files":
		s.files(r, a)
	default:
		a.Signed('E', Failure("unknown_endpoint"))
	}
}

// Failure is the end of an answer with an error.
func Failure(code string) map[string]any {
	return map[string]any{"complete": false, "cursor": nil, "error": map[string]string{"code": code, "message": "as ordered"}}
}

func (s *Server) preflight() map[string]any {
	answer := map[string]any{
		"protocol": 1, "plugin_version": "1.0.0",
		"site":     map[string]any{"home": s.Site.Home, "siteurl": s.Site.Home},
		"paths":    map[string]string{"abspath": "/srv/www/shop/"},
		"urls":     map[string]string{"content": s.Site.Home + "/wp-content"},
		"versions": map[string]string{"wordpress": "6.8", "php": "8.4", "server": "mysql", "database": "8.4.3"},
		"database": map[string]string{"prefix": "wp_", "charset": "utf8mb4"},
		"roots":    s.roots(),
		"limits":   map[string]int{"max_parts": 8, "max_tables": 64},
	}
	for key, value := range s.Site.Preflight {
		answer[key] = value
	}
	return answer
}

func (s *Server) roots() []source.Root {
	out := []source.Root{}
	for _, root := range s.Site.Roots {
		out = append(out, root.Root)
	}
	return out
}

func str(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func nums(out []byte, ns ...uint64) []byte {
	for _, n := range ns {
		out = binary.AppendUvarint(out, n)
	}
	return out
}

// files sends the records; its cursor is "record/offset".
func (s *Server) files(r Request, a *Answer) {
	root := s.root(r.Text("root"))
	if root == nil {
		a.Signed('E', Failure("unknown_root"))
		return
	}
	hashes := r.Text("mode") == "hashes"
	wanted := paths(r.Body["paths"])
	var first, offset int
	_, _ = fmt.Sscanf(r.Text("cursor"), "%d/%d", &first, &offset)
	for i := first; i < len(root.Records); i++ {
		record := &root.Records[i]
		if (wanted == nil || wanted[record.Path]) && inPart(r, i) {
			s.sendRecord(a, record, i, offset, hashes)
		}
		offset = 0
		a.Signed('C', map[string]any{"cursor": fmt.Sprintf("%d/0", i+1)})
	}
	a.Signed('E', map[string]any{"complete": true, "cursor": nil})
}

// inPart cuts a root by its records' numbers.
func inPart(r Request, number int) bool {
	part, _ := r.Body["part"].(float64)
	parts, _ := r.Body["parts"].(float64)
	return parts <= 1 || number%int(parts) == int(part)
}

func (s *Server) root(name string) *Root {
	for i := range s.Site.Roots {
		if s.Site.Roots[i].Name == name {
			return &s.Site.Roots[i]
		}
	}
	return nil
}

func paths(value any) map[string]bool {
	list, ok := value.([]any)
	if !ok {
		return nil
	}
	out := map[string]bool{}
	for _, item := range list {
		out[fmt.Sprint(item)] = true
	}
	return out
}

func (s *Server) sendRecord(a *Answer, record *Record, number, offset int, hashes bool) {
	head := str([]byte{record.Kind}, record.Path)
	switch {
	case record.Raw != nil:
		a.Frame('D', record.Raw)
	case record.Kind == 'f' && hashes:
		sum := sha256.Sum256([]byte(record.Text))
		head[0] = 'h'
		a.Frame('D', str(nums(head, 0o644, uint64(len(record.Text)), 1), string(sum[:])))
	case record.Kind == 'f':
		s.sendFile(a, record, number, offset)
	case record.Kind == 'd':
		a.Frame('D', nums(head, 0o755))
	default:
		a.Frame('D', str(head, record.Text))
	}
}

func (s *Server) sendFile(a *Answer, record *Record, number, offset int) {
	size := uint64(len(record.Text))
	a.Frame('D', nums(str([]byte{'f'}, record.Path), 0o644, size, 1_700_000_000, uint64(offset)))
	for offset < len(record.Text) {
		end := min(offset+pieceSize, len(record.Text))
		a.Frame('D', str([]byte{'b'}, record.Text[offset:end]))
		offset = end
		a.Signed('C', map[string]any{"cursor": fmt.Sprintf("%d/%d", number, offset)})
	}
	status := uint64(0)
	s.mu.Lock()
	if record.Changed > 0 {
		record.Changed--
		status = 2
	}
	s.mu.Unlock()
	a.Frame('D', nums([]byte{'z'}, status, size))
}

// Definition parses a table from JSON, which is how a test writes it shortest.
func Definition(text string) source.Table {
	var table source.Table
	if err := json.Unmarshal([]byte(text), &table); err != nil {
		panic(err)
	}
	return table
}
