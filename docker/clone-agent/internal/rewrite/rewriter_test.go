package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func shop(t testing.TB) *Rewriter {
	t.Helper()
	return mustNew(t, Mapping{
		Sources: []string{"https://shop.example.com", "https://shop.example.com/wp"},
		Target:  "https://c1.clones.test",
		Paths:   []PathMapping{{"/srv/www/shop/", "/var/www/html/"}},
	})
}

func mustNew(t testing.TB, m Mapping) *Rewriter {
	t.Helper()
	r, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type example struct{ name, in, want string }

func check(t *testing.T, r *Rewriter, examples []example) {
	t.Helper()
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			got, changed := r.Cell([]byte("kept:"), []byte(e.in))
			if string(got) != "kept:"+e.want {
				t.Errorf("rewrite of %q\n got %q\nwant %q", e.in, got[len("kept:"):], e.want)
			}
			if changed != (e.in != e.want) {
				t.Errorf("rewrite of %q: changed is %v", e.in, changed)
			}
		})
	}
}

func same(name, text string) example { return example{name, text, text} }

// str is a serialized string.
func str(text string) string { return fmt.Sprintf(`s:%d:"%s";`, len(text), text) }

func TestBinary(t *testing.T) {
	r := shop(t)
	for in, want := range map[string]string{
		str("https://shop.example.com/\x01"): str("https://c1.clones.test/\x01"),
		"https://shop.example.com":           "https://c1.clones.test",
		"%PDF\x00https://shop.example.com":   "%PDF\x00https://shop.example.com",
	} {
		if got, _ := r.Binary(nil, []byte(in)); string(got) != want {
			t.Errorf("binary %q became %q", in, got)
		}
	}
	if got := r.Stats().NotRewritten[ReasonBinary]; got != 1 {
		t.Errorf("%d binary cells counted, want 1", got)
	}
}

func TestDepthIsBounded(t *testing.T) {
	old, now := "https://shop.example.com", "https://c1.clones.test"
	for range maxDepth {
		old, now = str(old), str(now)
	}
	r := shop(t)
	if got, _ := r.Cell(nil, []byte(old)); string(got) != now {
		t.Errorf("depth %d: %q", maxDepth, got)
	}
	r.Cell(nil, []byte(str(str(old))))
	if r.Stats().NotRewritten[ReasonTooDeep] != 1 {
		t.Errorf("one cell is too deep, counted %v", r.Stats().NotRewritten)
	}
	hostile := strings.Repeat("a:1:{i:0;", 100_000) + "https://shop.example.com"
	if got, _ := r.Cell(nil, []byte(hostile)); !strings.HasSuffix(string(got), "https://c1.clones.test") {
		t.Error("deep arrays: address not rewritten as text")
	}
}

func TestStatsByKind(t *testing.T) {
	r := shop(t)
	for _, cell := range []string{
		str("https://shop.example.com"), `{"u":"https://shop.example.com"}`, "https://shop.example.com",
		"nothing", `C:3:"Foo":24:{https://shop.example.com}`, "https://shop.example.com:8443",
	} {
		r.Fork().Cell(nil, []byte(cell))
		r.Cell(nil, []byte(cell))
	}
	want := map[string]int64{KindSerialized: 1, KindJSON: 1, KindText: 1}
	if got := r.Stats().Rewritten; !maps.Equal(got, want) {
		t.Errorf("rewritten %v, want %v", got, want)
	}
	want = map[string]int64{ReasonCustomObject: 1, ReasonOtherPort: 1}
	if got := r.Stats().NotRewritten; !maps.Equal(got, want) {
		t.Errorf("not rewritten %v, want %v", got, want)
	}
}

func TestMappingIsChecked(t *testing.T) {
	for _, m := range []Mapping{
		{Sources: []string{"https://a.test"}, Target: "nothing"},
		{Sources: []string{"/path"}, Target: "https://c1.clones.test"},
	} {
		if _, err := New(m); err == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
}

func TestTwoPassesEqualOne(t *testing.T) {
	r := shop(t)
	cell := []byte("a:2:{i:0;" + str("https://shop.example.com/a") + "i:1;" + str("//shop.example.com") + "}")
	want, _ := r.Cell(nil, cell)
	var got strings.Builder
	size, changed := r.Measure(cell, false)
	if err := r.Emit(&got, cell); err != nil || !changed || size != len(want) || got.String() != string(want) {
		t.Errorf("got %q (%d bytes, %v, %v), want %q", got.String(), size, changed, err, want)
	}
}

func TestFindingsNameCellsAndAreBounded(t *testing.T) {
	r := shop(t)
	n := 0
	r.Where = func() string { return fmt.Sprintf("option_value, option_id %d", n) }
	for range 2 * maxListed {
		n++
		r.Cell(nil, []byte("https://shop.example.com:8443"))
		r.Cell(nil, []byte(`a:1:{i:0;C:3:"Foo":24:{https://shop.example.com}}`))
	}
	r.Cell(nil, []byte(`{"a":"https://shop.example.com"}`))
	r.TooLong()
	var total Stats
	total.Add(r.Stats())
	total.Add(r.Stats())
	want := []Finding{
		{"option_value, option_id 1", KindText, ReasonOtherPort},
		{"option_value, option_id 1", KindSerialized, ReasonCustomObject},
	}
	if len(total.Listed) != 2*maxListed+2 || !slices.Equal(total.Listed[:2], want) {
		t.Errorf("%d listed: %v", len(total.Listed), total.Listed)
	}
	if got := total.NotRewritten; got[ReasonOtherPort] != 4*maxListed || got[ReasonTooLong] != 2 || total.Rewritten[KindJSON] != 0 {
		t.Errorf("counted %v, rewritten %v", got, total.Rewritten)
	}
}
