package rows

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/rewrite"
)

const old, now = "https://shop.example.com/", "https://a-rather-long-name.clones.test/"

func rewriter(t testing.TB) *rewrite.Rewriter {
	t.Helper()
	r, err := rewrite.New(rewrite.Mapping{Sources: []string{old}, Target: now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encoder(t testing.TB, out io.Writer, table string, columns ...source.Column) *Encoder {
	t.Helper()
	var header Header
	for _, c := range columns {
		header.Columns, header.Kinds = append(header.Columns, c.Name), append(header.Kinds, c.Kind)
	}
	found, err := Columns(header, source.Table{Name: table, Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	large := func(token string, length int64) ([]byte, func(), error) {
		return Spill(t.TempDir(), length, func(w io.Writer) error {
			_, err := io.WriteString(w, token[:length])
			return err
		})
	}
	return NewEncoder(found, rewriter(t), large, out)
}

func cell(text string) []byte { return append(binary.AppendUvarint(nil, uint64(len(text))+2), text...) }

func awayCell(text string) []byte {
	out := binary.AppendUvarint([]byte{1}, uint64(len(text)))
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func TestCells(t *testing.T) {
	text := source.Column{Name: "c", Kind: "text", Type: "longtext", DataType: "longtext", Charset: "utf8mb4"}
	typed := func(kind, columnType, dataType, charset string) source.Column {
		return source.Column{Name: "c", Kind: kind, Type: columnType, DataType: dataType, Charset: charset}
	}
	named := func(name string) source.Column { c := text; c.Name = name; return c }
	cases := []struct {
		name   string
		column source.Column
		in     []byte
		want   string
	}{
		{"null", text, []byte{0}, `\N`},
		{"empty", text, cell(""), ""},
		{"the text NULL", text, cell("NULL"), "NULL"},
		{"what looks like null", text, cell(`\N`), `\\N`},
		{"separators", text, cell("a\tb\nc\\d\x00e\r\x1a'\""), "a\\tb\\nc\\\\d\\0e\r\x1a'\""},
		{"an address", text, cell(old), now},
		{"an address in a number", typed("number", "int", "int", ""), cell(old), old},
		{"in a blob that is text", typed("binary", "longblob", "longblob", ""), cell(old), now},
		{"in a blob that is none", typed("binary", "longblob", "longblob", ""), cell("\x01" + old), "\x01" + old},
		{"in a wide charset", typed("text", "longtext", "longtext", "utf16"), cell(old), old},
		{"too long for its column", typed("text", "varchar(26)", "varchar", "utf8mb4"), cell(old), old},
		{"long enough in characters", typed("text", "varchar(45)", "varchar", "utf8mb4"), cell(old + "éééééé"), now + "éééééé"},
		{"too long in bytes", typed("text", "tinytext", "tinytext", "utf8mb4"), cell(old + strings.Repeat("x", 229)), old + strings.Repeat("x", 229)},
		{"in an enum", typed("text", "enum('"+old+"')", "enum", "utf8mb4"), cell(old), old},
		{"a guid", named("guid"), cell(old), old},
		{"a user_login of another table", named("user_login"), cell("shop.example.com"), "a-rather-long-name.clones.test"},
		{"a large cell", text, awayCell("\t" + old), `\t` + now},
		{"a large cell, copied", named("guid"), awayCell("\t" + old), `\t` + old},
		{"a large cell without bytes", text, awayCell(""), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			rows, err := encoder(t, &out, "wp_posts", c.column).Rows(append(c.in, c.in...))
			if want := c.want + "\n" + c.want + "\n"; err != nil || rows != 2 || out.String() != want {
				t.Errorf("%d rows, %q, %v; want %q", rows, out.String(), err, want)
			}
		})
	}
}

func TestLoginsKeepTheirNames(t *testing.T) {
	var out bytes.Buffer
	e := encoder(t, &out, "wp_users", source.Column{Name: "user_login", Kind: "text", Type: "varchar(60)", Charset: "utf8mb4"})
	if _, err := e.Rows(cell("shop.example.com")); err != nil || out.String() != "shop.example.com\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestTooLongIsCounted(t *testing.T) {
	e := encoder(t, io.Discard, "wp_x", source.Column{Name: "c", Kind: "text", Type: "varchar(26)", Charset: "utf8mb4"})
	if _, err := e.Rows(cell(old)); err != nil || e.TooLong() != 1 {
		t.Errorf("%d counted, %v", e.TooLong(), err)
	}
}

func TestLargeCellsThatGrowTooLong(t *testing.T) {
	column := source.Column{Name: "c", Kind: "text", Type: "tinytext", DataType: "tinytext", Charset: "utf8mb4"}
	var out bytes.Buffer
	e := encoder(t, &out, "wp_x", column)
	large := old + strings.Repeat("x", 229)
	if _, err := e.Rows(awayCell(large)); err != nil || e.TooLong() != 1 || out.String() != large+"\n" {
		t.Errorf("%d counted, %v, %q", e.TooLong(), err, out.String())
	}
}

func TestCellsThatCannotBeRewrittenAreNamed(t *testing.T) {
	columns := []source.Column{{Name: "option_id", Kind: "number"}, {Name: "option_value", Kind: "text"}}
	e := encoder(t, io.Discard, "wp_options", columns...)
	if _, err := e.Rows(append(cell("12"), cell("https://shop.example.com:8443")...)); err != nil {
		t.Fatal(err)
	}
	want := []rewrite.Finding{{Cell: "option_value, option_id 12", Kind: rewrite.KindText, Reason: rewrite.ReasonOtherPort}}
	if got := e.rewriter.Stats().Listed; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func FuzzRows(f *testing.F) {
	f.Add(append(cell("a"), cell(old)...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{5, 'a'})
	columns := []source.Column{{Name: "a", Kind: "text"}, {Name: "b", Kind: "text"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte{1}) {
			t.Skip("large cells ask the source")
		}
		var out bytes.Buffer
		rows, err := encoder(t, &out, "wp_x", columns...).Rows(data)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%v", err)
		}
		if lines := int64(bytes.Count(out.Bytes(), []byte("\n"))); err == nil && lines != rows {
			t.Errorf("%d lines of %d rows", lines, rows)
		}
	})
}

func TestHeaders(t *testing.T) {
	table := source.Table{Name: "t", Columns: []source.Column{{Name: "a"}}}
	for _, header := range []Header{{}, {Columns: []string{"a"}}, {Columns: []string{"b"}, Kinds: []string{"text"}}} {
		if _, err := Columns(header, table); !errors.Is(err, ErrMalformed) {
			t.Errorf("%+v: %v", header, err)
		}
	}
}

// BenchmarkRows is the way from the source's bytes to LOAD DATA's: parse, rewrite, escape.
func BenchmarkRows(b *testing.B) {
	var data []byte
	for range 2000 {
		data = append(data, cell("12345")...)
		data = append(data, cell(strings.Repeat("lorem ipsum dolor <p>", 20)+old+"\n")...)
	}
	e := encoder(b, io.Discard, "wp_posts", source.Column{Name: "ID", Kind: "number"}, source.Column{Name: "c", Kind: "text"})
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := e.Rows(data); err != nil {
			b.Fatal(err)
		}
	}
}
