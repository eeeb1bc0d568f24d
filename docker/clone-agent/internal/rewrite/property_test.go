package rewrite

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const cells = 10_000

// newGenerator makes the same cells at every run, and others for each REWRITER_SEED.
func newGenerator(t testing.TB, stream uint64) generator {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv("REWRITER_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("REWRITER_SEED: %v", err)
		}
	}
	t.Logf("REWRITER_SEED=%d", seed)
	return generator{rand.New(rand.NewPCG(seed, stream))}
}

// generator makes cells as sites have them, packed into one another in any order.
type generator struct{ *rand.Rand }

func (g generator) pick(texts ...string) string { return texts[g.IntN(len(texts))] }

// text is a piece of prose with addresses in it; here only spellings that have one counterpart on either side.
func (g generator) text() string {
	words := []string{"Grüße", "日本", "😀", `say "hi"`, `C:\temp`, "a;}", "\x01", "info@shop.example.com", "</p>", "\n"}
	addresses := []string{
		"https://shop.example.com/a/é", "//shop.example.com", `https:\/\/shop.example.com\/b`,
		"https%3A%2F%2Fshop.example.com%2Fc", "https://shop.example.com.evil.org", "/srv/www/shop/wp-content/x.php",
		`<i data-host="shop.example.com">`, "domain=.shop.example.com|b.org", `"shop.example.com"`, "myshop.example.com",
		encode64("<a href='https://shop.example.com/'>"),
	}
	var out []string
	for range g.IntN(5) {
		if g.IntN(2) == 0 {
			out = append(out, g.pick(addresses...))
		}
		out = append(out, g.pick(words...))
	}
	return strings.Join(out, " ")
}

func (g generator) cell(depth int) string {
	if depth == 0 {
		return g.text()
	}
	switch g.IntN(9) {
	case 0:
		return str(g.cell(depth - 1))
	case 8:
		return g.base64(depth)
	case 1, 2:
		return g.array(depth)
	case 3:
		return fmt.Sprintf("O:8:\"stdClass\":2:{%s%s%s%s}", str("k"), g.item(depth-1), str("\x00*\x00p"), g.item(depth-1))
	case 4, 5:
		return g.json(depth)
	}
	return g.text()
}

// base64 has no slash: the only one of a block may lose its backslash on the way (docs/rewriting.md).
func (g generator) base64(depth int) string {
	for {
		if text := encode64(strings.ToValidUTF8(g.cell(depth-1), "")); !strings.Contains(text, "/") {
			return text
		}
	}
}

func (g generator) array(depth int) string {
	n := g.IntN(4)
	var out strings.Builder
	fmt.Fprintf(&out, "a:%d:{", n)
	for i := range n {
		out.WriteString(g.pick("i:"+strconv.Itoa(i)+";", str(strconv.Itoa(i)+"-"+g.text())) + g.item(depth-1))
	}
	return out.String() + "}"
}

// item is a serialized value.
func (g generator) item(depth int) string {
	switch g.IntN(6) {
	case 0:
		return g.pick("N;", "b:1;", "i:-7;", "d:0.10000000000000001;", "d:1.0E+25;")
	case 1:
		if depth > 0 {
			return g.array(depth)
		}
	}
	return str(g.cell(depth))
}

func (g generator) json(depth int) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	value := map[string]any{"a": strings.ToValidUTF8(g.cell(depth-1), ""), "b": []any{1.5, nil, true}}
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	if g.IntN(2) == 0 {
		return strings.ReplaceAll(text, "/", `\/`)
	}
	return text
}

func generated(t *testing.T) []string {
	t.Helper()
	g := newGenerator(t, 2)
	out := make([]string, cells)
	for i := range out {
		out[i] = g.cell(g.IntN(6))
	}
	return out
}

func thereAndBack(t testing.TB) (there, back *Rewriter) {
	there = mustNew(t, Mapping{
		Sources: []string{"https://shop.example.com"}, Target: "https://c1.clones.test",
		Paths: []PathMapping{{"/srv/www/shop", "/var/www/html"}},
	})
	back = mustNew(t, Mapping{
		Sources: []string{"https://c1.clones.test"}, Target: "https://shop.example.com",
		Paths: []PathMapping{{"/var/www/html", "/srv/www/shop"}},
	})
	return there, back
}

func TestThereAndBackGivesTheSameBytes(t *testing.T) {
	there, back := thereAndBack(t)
	for _, cell := range generated(t) {
		clone, _ := there.Cell(nil, []byte(cell))
		if again, _ := back.Cell(nil, clone); string(again) != cell {
			t.Fatalf("\n    cell %q\nrewritten %q\n     back %q", cell, clone, again)
		}
		if left := strings.NewReplacer("shop.example.com.evil.org", "", "myshop.example.com", "", "info@shop.example.com", "").Replace(string(clone)); strings.Contains(left, "shop.example.com") {
			t.Fatalf("an address is left in %q", clone)
		}
	}
}

// oracle reads lines of base64, and answers with 1 for what unserializes at every level and 0 for the rest.
const oracle = `
function sound($value, $depth = 0) {
    if (is_array($value) || is_object($value)) {
        foreach ((array) $value as $key => $item) {
            if (!sound((string) $key, $depth + 1) || !sound($item, $depth + 1)) { return false; }
        }
        return true;
    }
    if (!is_string($value)) { return true; }
    if (preg_match('/^(?:[aOsSCE]:\d+:)/', $value)) {
        $inner = @unserialize($value);
        return $inner !== false && sound($inner, $depth + 1);
    }
    $inner = json_decode($value, true);
    return $inner === null || sound($inner, $depth + 1);
}
while (($line = fgets(STDIN)) !== false) { echo sound(base64_decode(rtrim($line))) ? "1" : "0"; }
`

func soundCells(t *testing.T, cells []string) string {
	t.Helper()
	php, err := exec.LookPath("php")
	if err != nil {
		t.Fatal("the oracle of this test is PHP: install php-cli")
	}
	var in strings.Builder
	for _, cell := range cells {
		in.WriteString(base64.StdEncoding.EncodeToString([]byte(cell)) + "\n")
	}
	command := exec.Command(php, "-r", oracle)
	command.Stdin = strings.NewReader(in.String())
	out, err := command.Output()
	if err != nil || len(out) != len(cells) {
		t.Fatalf("php answered %d of %d cells: %v", len(out), len(cells), err)
	}
	return string(out)
}

func TestWhatUnserializedBeforeDoesSoAfter(t *testing.T) {
	there, _ := thereAndBack(t)
	before := generated(t)
	after := make([]string, len(before))
	for i, cell := range before {
		clone, _ := there.Cell(nil, []byte(cell))
		after[i] = string(clone)
	}
	was, is := soundCells(t, before), soundCells(t, after)
	for i := range before {
		if was[i] == '1' && is[i] != '1' {
			t.Fatalf("no longer sound:\n%q\n%q", before[i], after[i])
		}
	}
	if sound := strings.Count(was, "1"); sound < cells*9/10 {
		t.Errorf("only %d of the generated cells are sound", sound)
	}
}

// BenchmarkCell is over rows of a generated site: a third of the bytes in cells that hold an address.
func BenchmarkCell(b *testing.B) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	there, _ := thereAndBack(b)
	var rows [][]byte
	total := 0
	for range 5_000 {
		cell := g.cell(4)
		if g.IntN(3) > 0 {
			cell = strings.ReplaceAll(cell, "shop.example", "other.example")
		}
		rows = append(rows, []byte(cell+strings.Repeat(" lorem ipsum dolor sit amet", 20)))
		total += len(rows[len(rows)-1])
	}
	b.SetBytes(int64(total))
	b.ReportAllocs()
	out := make([]byte, 0, 1<<20)
	for b.Loop() {
		for _, row := range rows {
			out, _ = there.Cell(out[:0], row)
		}
	}
}
