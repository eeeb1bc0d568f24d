package rows

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// loaded reads text as LOAD DATA does with FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n', and writes
// the rows as the stream has them: what is in the table afterwards.
func loaded(t *testing.T, text []byte) (stream []byte) {
	t.Helper()
	var field []byte
	null := false
	end := func() {
		if null {
			stream = append(stream, cellNull)
		} else {
			stream = append(stream, cell(string(field))...)
		}
		field, null = field[:0], false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\t', '\n':
			end()
		case '\\':
			i++
			escaped := map[byte]string{'\\': `\`, 't': "\t", 'n': "\n", '0': "\x00", 'N': ""}
			plain, known := escaped[text[i]]
			if !known {
				t.Fatalf("an escape \\%c that nobody writes", text[i])
			}
			null = text[i] == 'N'
			field = append(field, plain...)
		default:
			field = append(field, c)
		}
	}
	return stream
}

// TestWhatIsLoadedIsWhatWasSent holds for any bytes, wherever the stream is cut into batches: the digest of what arrives
// in the table is that of what the source sent, row by row, as long as no address is in it.
func TestWhatIsLoadedIsWhatWasSent(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 12))
	columns := []source.Column{{Name: "id", Kind: "number"}, {Name: "a", Kind: "text"}, {Name: "b", Kind: "binary"}, {Name: "c", Kind: "other"}}
	pieces := []string{"\t", "\n", "\r", `\`, `\N`, "NULL", "\x00", "\x1a", "'", `"`, "é😀", "\xff\xfe", "0000-00-00", `s:5:"a`, "x", ""}
	var rowsSent [][]byte
	for range 3000 {
		var row []byte
		for range columns {
			if random.IntN(5) == 0 {
				row = append(row, cellNull)
				continue
			}
			var text string
			for range random.IntN(6) {
				text += pieces[random.IntN(len(pieces))]
			}
			row = append(row, cell(text)...)
		}
		rowsSent = append(rowsSent, row)
	}
	sent := sha256.Sum256(bytes.Join(rowsSent, nil))
	for range 5 {
		var out bytes.Buffer
		e := encoder(t, &out, "wp_x", columns...)
		var count int64
		for left := rowsSent; len(left) > 0; {
			n := 1 + random.IntN(min(len(left), 700))
			rows, err := e.Rows(bytes.Join(left[:n], nil))
			if err != nil {
				t.Fatal(err)
			}
			count, left = count+rows, left[n:]
		}
		if count != int64(len(rowsSent)) || sha256.Sum256(loaded(t, out.Bytes())) != sent {
			t.Fatalf("%d rows of %d, or other bytes than were sent", count, len(rowsSent))
		}
	}
}

// TestOnlyAddressesDifferInTheTable: two sources that differ in nothing but their address give the same table.
func TestOnlyAddressesDifferInTheTable(t *testing.T) {
	column := source.Column{Name: "c", Kind: "text", DataType: "longtext", Charset: "utf8mb4"}
	digests := map[[32]byte]bool{}
	for _, address := range []string{old, now} {
		var out bytes.Buffer
		e := encoder(t, &out, "wp_posts", column)
		for _, text := range []string{address, `{"u":"` + address + `\n"}`, "\t" + address + "a\tb", "no address\x00"} {
			if _, err := e.Rows(append(cell(text), awayCell(text)...)); err != nil {
				t.Fatal(err)
			}
		}
		digests[sha256.Sum256(loaded(t, out.Bytes()))] = true
	}
	if len(digests) != 1 {
		t.Error("the tables differ in more than their address")
	}
}
