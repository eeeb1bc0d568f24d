package rewrite

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// largeBytes makes a cell that is handled in two passes; what is packed in it alone would be more than the budget.
const (
	largeBytes = 8 << 20
	budget     = 16 << 20
)

// largeCells are cells dense with addresses, packed in the ways that need room for what they say.
func largeCells(url string, n int) map[string]string {
	dense := strings.Repeat(url+" ", n)
	inJSON := func(value string) string {
		return `{"a":"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"}`
	}
	return map[string]string{
		"text":                           dense,
		"serialized":                     fmt.Sprintf("a:%d:{%s}", n/2, strings.Repeat("i:0;"+str(url), n/2)),
		"in JSON":                        inJSON(str(dense)),
		"in JSON in serialized, in JSON": inJSON(str(inJSON(str(dense)))),
		"in base64 in JSON in base64":    encode64(inJSON(str(encode64(dense)))),
		"escaped":                        fmt.Sprintf(`S:%d:"%s";`, len(dense), strings.ReplaceAll(dense, " ", `\20`)),
		"malformed":                      "s:1:\"" + dense + `:\"`,
	}
}

func encode64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestLargeCellsStayWithinTheirBudget(t *testing.T) {
	n := largeBytes / len("https://shop.example.com/ ")
	before, after := largeCells("https://shop.example.com/", n), largeCells("https://c1.clones.test/", n)
	dir := t.TempDir()
	for name, cell := range before {
		t.Run(name, func(t *testing.T) {
			r := mustNew(t, Mapping{
				Sources: []string{"https://shop.example.com"}, Target: "https://c1.clones.test", SpillDir: dir,
				Paths: []PathMapping{{"/srv/www/shop/", "/var/www/html/"}},
			})
			in, out := []byte(cell), bytes.NewBuffer(make([]byte, 0, len(cell)))
			var was, is runtime.MemStats
			runtime.ReadMemStats(&was)
			size, changed := r.Measure(in, false)
			if err := r.Emit(out, in); err != nil || !changed {
				t.Fatalf("changed is %v, %v", changed, err)
			}
			runtime.ReadMemStats(&is)
			if took := is.TotalAlloc - was.TotalAlloc; took > budget {
				t.Errorf("%d bytes of memory for a cell of %d", took, len(cell))
			}
			if want := after[name]; out.String() != want || size != len(want) {
				t.Errorf("a cell of %d bytes became %d (announced %d), want %d", len(cell), out.Len(), size, len(want))
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 0 {
				t.Errorf("left in the spill folder: %v, %v", left, err)
			}
		})
	}
}

func TestListsMoveIntoFiles(t *testing.T) {
	for name, dir := range map[string]string{"a folder": t.TempDir(), "no folder": "/nowhere"} {
		l := list[edit]{dir: dir}
		const n = heapBytes / 8
		for i := range n {
			l.append(edit{at: i})
		}
		for i, e := range l.items {
			if e.at != i {
				t.Fatalf("%s: item %d is %d", name, i, e.at)
			}
		}
		if (l.mapped != nil) != (dir != "/nowhere") || len(l.items) != n {
			t.Errorf("%s: mapped is %v, %d items", name, l.mapped != nil, len(l.items))
		}
		if l.cut(0); l.mapped != nil {
			t.Errorf("%s: still mapped", name)
		}
	}
}
