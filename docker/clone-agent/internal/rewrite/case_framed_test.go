package rewrite

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Serialized values inside text, where nothing but the recorded lengths tells how the text is escaped.

// escapings are the ways in which programs put one text into another; quotes are never left as they are.
var escapings = map[string]func(string) string{
	"not at all": func(text string) string { return text },
	"urlencoded": url.QueryEscape,
	"rawurlencoded": func(text string) string {
		return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	},
	"urlencoded twice":          func(text string) string { return url.QueryEscape(url.QueryEscape(text)) },
	"for HTML":                  forHTML,
	"for HTML twice":            func(text string) string { return forHTML(forHTML(text)) },
	"for CSV":                   func(text string) string { return strings.ReplaceAll(text, `"`, `""`) },
	"JSON":                      inJSON,
	"JSON, slashes escaped":     func(text string) string { return slashed(inJSON(text)) },
	"JSON in JSON":              func(text string) string { return inJSON(inJSON(text)) },
	"JSON, hex quotes":          func(text string) string { return strings.ReplaceAll(inJSON(text), `\"`, `\u0022`) },
	"JSON, only ASCII":          func(text string) string { return onlyASCII(inJSON(text)) },
	"JSON in HTML":              func(text string) string { return forHTML(slashed(inJSON(text))) },
	"HTML in JSON":              func(text string) string { return slashed(inJSON(forHTML(text))) },
	"JSON, urlencoded":          func(text string) string { return url.QueryEscape(slashed(inJSON(text))) },
	"HTML in JSON, hex of both": func(text string) string { return strings.ReplaceAll(inJSON(forHTML(text)), "&", `\u0026`) },
}

func forHTML(text string) string {
	return strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(html.EscapeString(text))
}

// inJSON is what stands between the quotes of a JSON string.
func inJSON(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String()[1:], "\"\n")
}

func onlyASCII(text string) string { return jsonEscaped(text) }

// TestSerializedInTextIsAsGoodAsByItself compares with what becomes of the value where it is a cell of its own.
func TestSerializedInTextIsAsGoodAsByItself(t *testing.T) {
	there, back := thereAndBack(t)
	g := newGenerator(t, 6)
	for _, name := range slices.Sorted(maps.Keys(escapings)) {
		escape := escapings[name]
		t.Run(name, func(t *testing.T) {
			for range 200 {
				before, after := g.pick("user|", "<!-- x --> ", "\ufefftext ", "x="), g.pick("", "user|i:1;", " -->", "&y=1")
				if name == "HTML in JSON" { // only there are the slashes known to be JSON's
					before, after = `["x `, `"]`
				}
				value := g.framed(g.IntN(4))
				rewritten, _ := there.Cell(nil, []byte(value))
				cell, want := before+escape(value)+after, before+escape(string(rewritten))+after
				got, _ := there.Cell(nil, []byte(cell))
				if string(got) != want {
					t.Fatalf("\n    cell %q\nrewritten %q\n     want %q", cell, got, want)
				}
				if again, _ := back.Cell(nil, got); string(again) != cell {
					t.Fatalf("\n cell %q\nclone %q\n back %q", cell, got, again)
				}
			}
		})
	}
	if got := there.Stats().NotRewritten; len(got) != 0 {
		t.Errorf("listed for nothing: %v", got)
	}
}

// framed is a serialized array of texts and of arrays like it, as they are or packed in strings.
func (g generator) framed(depth int) string {
	texts := []string{
		"https://shop.example.com/a/é?b=1&c=2", "//shop.example.com", `https:\/\/shop.example.com\/b`, "https%3A%2F%2Fshop.example.com%2Fc",
		"/srv/www/shop/wp-content/x.php", `<i data-host="shop.example.com">`, "domain=.shop.example.com|b.org", "\t/srv/www/shop/x",
		"nothing", "a;}", `";`, "日本😀", "\x00*\x00p", `C:\temp`, "info@shop.example.com", "a 'quoted' word", "100%",
	}
	n := g.IntN(4)
	var out strings.Builder
	fmt.Fprintf(&out, "a:%d:{", n)
	for i := range n {
		fmt.Fprintf(&out, "i:%d;", i)
		switch {
		case depth == 0 || g.IntN(2) == 0:
			out.WriteString(str(g.pick(texts...) + g.pick(" ", "\r\n", "é ") + g.pick(texts...)))
		case g.IntN(2) == 0:
			out.WriteString(g.framed(depth - 1))
		default:
			out.WriteString(str(g.framed(depth - 1)))
		}
	}
	return out.String() + "}"
}

func TestSerializedInTextSpelledOut(t *testing.T) {
	r := shop(t)
	check(t, r, []example{
		{"a session", `user|a:1:{s:1:"u";s:24:"https://shop.example.com";}n|i:1;`, `user|a:1:{s:1:"u";s:22:"https://c1.clones.test";}n|i:1;`},
		{"after a comment", `<!-- x --> a:1:{i:0;s:24:"https://shop.example.com";}`, `<!-- x --> a:1:{i:0;s:22:"https://c1.clones.test";}`},
		{
			"urlencoded", "a%3A1%3A%7Bi%3A0%3Bs%3A24%3A%22https%3A%2F%2Fshop.example.com%22%3B%7D",
			"a%3A1%3A%7Bi%3A0%3Bs%3A22%3A%22https%3A%2F%2Fc1.clones.test%22%3B%7D",
		},
		{"encodeURI", "a:1:%7Bi:0;s:24:%22https://shop.example.com%22;%7D", "a:1:%7Bi:0;s:22:%22https://c1.clones.test%22;%7D"},
		{
			"JSON behind a BOM", "\ufeff" + `{"a":"s:24:\"https:\/\/shop.example.com\";"}`,
			"\ufeff" + `{"a":"s:22:\"https:\/\/c1.clones.test\";"}`,
		},
		{"JSON in a script", `<script>x={"a":"s:24:\"https://shop.example.com\";"}</script>`, `<script>x={"a":"s:22:\"https://c1.clones.test\";"}</script>`},
		{"JSON with bytes after it", `{"a":"s:24:\"https://shop.example.com\";"} x`, `{"a":"s:22:\"https://c1.clones.test\";"} x`},
		{"text in a JSON string", `{"a":"text a:1:{i:0;s:24:\"https:\/\/shop.example.com\";}"}`, `{"a":"text a:1:{i:0;s:22:\"https:\/\/c1.clones.test\";}"}`},
		{"multibyte as escapes", `["x s:26:\"https:\/\/shop.example.com\u00e9\";"]`, `["x s:24:\"https:\/\/c1.clones.test\u00e9\";"]`},
		{"a pair of surrogates", `["x s:28:\"https:\/\/shop.example.com\ud83d\ude00\";"]`, `["x s:26:\"https:\/\/c1.clones.test\ud83d\ude00\";"]`},
		{"for HTML", `<a data-x="a:1:{i:0;s:24:&quot;https://shop.example.com&quot;;}">`, `<a data-x="a:1:{i:0;s:22:&quot;https://c1.clones.test&quot;;}">`},
		{"HTML with numbers", `x s:25:&#34;https://shop.example.com&#47;&#34;;`, `x s:23:&#34;https://c1.clones.test&#47;&#34;;`},
		{"SQL with slashes", `VALUES ('a:1:{i:0;s:24:\"https://shop.example.com\";}')`, `VALUES ('a:1:{i:0;s:22:\"https://c1.clones.test\";}')`},
		{"a path", `x s:15:"/srv/www/shop/x";`, `x s:15:"/var/www/html/x";`},
		{"a path of another length", `x|s:48:"s:24:"https://shop.example.com"; /srv/www/shop/x";`, `x|s:46:"s:22:"https://c1.clones.test"; /var/www/html/x";`},
		{"a length that loses a digit", "x|" + str(str(old+strings.Repeat("x", 70))), "x|" + str(str(now+strings.Repeat("x", 70)))},
		{"in a malformed value", `a:2:{i:0;s:24:"https://shop.example.com";`, `a:2:{i:0;s:22:"https://c1.clones.test";`},
	})
	if got, want := r.Stats().NotRewritten, map[string]int64{ReasonMalformed: 1}; !maps.Equal(got, want) {
		t.Errorf("not rewritten %v, want %v", got, want)
	}
}

func TestLengthsInTextThatFitNothingAreListed(t *testing.T) {
	r := shop(t)
	cases := []example{
		{"too long", `x|s:25:"https://shop.example.com";`, `x|s:25:"https://c1.clones.test";`},
		{"too short", `x|s:23:"https://shop.example.com";`, `x|s:23:"https://c1.clones.test";`},
		{"cut off", `x|s:99:"https://shop.example.com`, `x|s:99:"https://c1.clones.test`},
		{"a lone surrogate", `x|s:27:\"https://shop.example.com\ud800\";`, `x|s:27:\"https://c1.clones.test\ud800\";`},
		{"with escapes", `x|S:24:"https:\2f\2fshop.example.com";` + old, `x|S:24:"https:\2f\2fshop.example.com";` + now},
		{"a custom object", `x|C:3:"Foo":24:{https://shop.example.com}`, `x|C:3:"Foo":24:{https://c1.clones.test}`},
	}
	check(t, r, cases)
	if got := r.Stats().NotRewritten[ReasonInText]; got != int64(len(cases)) {
		t.Errorf("%d cells listed, want %d", got, len(cases))
	}
	ambiguous := `s:28:&quot;\n\nhttps://shop.example.com&quot;;&quot;;`
	r.Cell(nil, []byte(ambiguous))
	if got := r.Stats().NotRewritten[ReasonInText]; got != int64(len(cases))+1 {
		t.Errorf("%q is not listed", ambiguous)
	}
	before := r.Stats().NotRewritten[ReasonInText]
	check(t, r, []example{
		{"only behind the address", old + ` s:3:"abcd";`, now + ` s:3:"abcd";`},
		{"a right one", `s:3: x|s:3:"abc"; ` + old, `s:3: x|s:3:"abc"; ` + now},
	})
	if got := r.Stats().NotRewritten[ReasonInText]; got != before {
		t.Errorf("%d cells listed for nothing", got-before)
	}
}

func TestCheckingLengthsIsBounded(t *testing.T) {
	r := shop(t)
	hostile := "x" + strings.Repeat(`s:150000:\"`, 30_000) + old
	if got, _ := r.Cell(nil, []byte(hostile)); !strings.HasSuffix(string(got), now) {
		t.Error("the address is not rewritten")
	}
	if r.Stats().NotRewritten[ReasonInText] != 1 {
		t.Errorf("listed: %v", r.Stats().NotRewritten)
	}
}
