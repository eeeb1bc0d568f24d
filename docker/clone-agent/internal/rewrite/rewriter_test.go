package rewrite

import (
	"fmt"
	"maps"
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

func TestSerialized(t *testing.T) {
	const old, now = "https://shop.example.com/é😀", "https://c1.clones.test/é😀"
	pack := func(url string) string { return "a:1:{" + str("u") + str(url) + "}" }
	check(t, shop(t), []example{
		{"a string", str(old), str(now)},
		{"an array", pack(old), pack(now)},
		{"a key", "a:1:{" + str(old) + "i:1;}", "a:1:{" + str(now) + "i:1;}"},
		{"inside itself", pack(pack(pack(old))), pack(pack(pack(now)))},
		{"multibyte beside it", "a:2:{i:0;" + str("日本😀") + "i:1;" + str(old) + "}", "a:2:{i:0;" + str("日本😀") + "i:1;" + str(now) + "}"},
		{"lengths across a power of ten", str("https://shop.example.com/" + strings.Repeat("x", 77)), str("https://c1.clones.test/" + strings.Repeat("x", 77))},
		{
			"references, floats, booleans, null",
			"a:7:{i:0;d:0.10000000000000001;i:1;b:1;i:2;N;i:3;R:2;i:4;r:1;i:-5;d:-INF;i:6;" + str(old) + "}",
			"a:7:{i:0;d:0.10000000000000001;i:1;b:1;i:2;N;i:3;R:2;i:4;r:1;i:-5;d:-INF;i:6;" + str(now) + "}",
		},
		{
			"objects with private and protected names",
			"O:8:\"My\\Class\":2:{s:5:\"\x00*\x00ab\";" + str(old) + "s:11:\"\x00My\\Class\x00x\";O:8:\"stdClass\":0:{}}",
			"O:8:\"My\\Class\":2:{s:5:\"\x00*\x00ab\";" + str(now) + "s:11:\"\x00My\\Class\x00x\";O:8:\"stdClass\":0:{}}",
		},
		{"an enum", `a:2:{i:0;E:11:"Suit:Hearts";i:1;` + str(old) + "}", `a:2:{i:0;E:11:"Suit:Hearts";i:1;` + str(now) + "}"},
		{"an escaped string", `S:26:"https://shop.example.com/\c3";`, `S:24:"https://c1.clones.test/\c3";`},
		same("a custom object", `C:3:"Foo":24:{https://shop.example.com}`),
		{
			"a custom object beside a string",
			`a:2:{i:0;C:3:"Foo":24:{https://shop.example.com}i:1;` + str(old) + "}",
			`a:2:{i:0;C:3:"Foo":24:{https://shop.example.com}i:1;` + str(now) + "}",
		},
		{"quotes and braces in a string", str(`";}` + old + `";}`), str(`";}` + now + `";}`)},
		{"white space before it", "\n " + pack(old), "\n " + pack(now)},
		{"bytes after it", pack(old) + "\r\n\x00tail", pack(now) + "\r\n\x00tail"},
		{"another value after it", pack(old) + pack(old) + old, pack(now) + pack(now) + now},
		{"text that only mentions a length", `say s:3:"abc"; ` + old, `say s:3:"abc"; ` + now},
	})
}

func TestMalformedSerializedIsText(t *testing.T) {
	cases := []example{
		{"too long", `s:99:"https://shop.example.com";`, `s:99:"https://c1.clones.test";`},
		{"too short", `s:3:"https://shop.example.com";`, `s:3:"https://c1.clones.test";`},
		{"truncated", `a:2:{i:0;s:24:"https://shop.example.com";`, `a:2:{i:0;s:24:"https://c1.clones.test";`},
		{"a number too large", `s:99999999999:"https://shop.example.com";`, `s:99999999999:"https://c1.clones.test";`},
	}
	r := shop(t)
	check(t, r, cases)
	if got := r.Stats().NotRewritten[ReasonMalformed]; got != int64(len(cases)) {
		t.Errorf("%d malformed cells counted, want %d", got, len(cases))
	}
}

func TestJSON(t *testing.T) {
	inner := func(url string) string {
		return `a:1:{s:1:\"u\";s:` + fmt.Sprint(len(url)) + `:\"` + strings.ReplaceAll(url, "/", `\/`) + `\";}`
	}
	check(t, shop(t), []example{
		{"plain", `{"u":"https://shop.example.com/a"}`, `{"u":"https://c1.clones.test/a"}`},
		{"slashes escaped", `{"u":"https:\/\/shop.example.com\/a"}`, `{"u":"https:\/\/c1.clones.test\/a"}`},
		{"slashed JSON", `{\"u\":\"https:\\\/\\\/shop.example.com\\\/a\"}`, `{\"u\":\"https:\\\/\\\/c1.clones.test\\\/a\"}`},
		{"unicode escapes", `{"u":"https\u003A\u002F\u002fshop.example.com\u002Fa\u00e9\ud83d\ude00"}`, `{"u":"https\u003A\u002F\u002fc1.clones.test\u002Fa\u00e9\ud83d\ude00"}`},
		{"JSON inside JSON", `{"a":"{\"u\":\"https:\\\/\\\/shop.example.com\"}"}`, `{"a":"{\"u\":\"https:\\\/\\\/c1.clones.test\"}"}`},
		{"serialized inside JSON", `{"a":"` + inner("https://shop.example.com/é") + `"}`, `{"a":"` + inner("https://c1.clones.test/é") + `"}`},
		{
			"serialized inside JSON with escaped multibyte", `["s:26:\"https:\/\/shop.example.com\u00e9\";"]`,
			`["s:24:\"https:\/\/c1.clones.test\u00e9\";"]`,
		},
		{"JSON inside serialized", str(`{"u":"https:\/\/shop.example.com"}`), str(`{"u":"https:\/\/c1.clones.test"}`)},
		{
			"serialized inside JSON inside serialized",
			str(`{"a":"` + inner("https://shop.example.com") + `"}`), str(`{"a":"` + inner("https://c1.clones.test") + `"}`),
		},
		{"a shortcode", `[gallery url="https://shop.example.com/\"x"]`, `[gallery url="https://c1.clones.test/\"x"]`},
		{"unfinished", `{"a":"\"https:\/\/shop.example.com`, `{"a":"\"https:\/\/c1.clones.test`},
		{"a lone surrogate", `["s:24:\"https:\/\/shop.example.com\";\ud800"]`, `["s:24:\"https:\/\/c1.clones.test\";\ud800"]`},
		{"paths", `{"a":"{\"p\":\"\\\/srv\\\/www\\\/shop\\\/x\"}"}`, `{"a":"{\"p\":\"\\\/var\\\/www\\\/html\\\/x\"}"}`},
	})
}

func TestSpellings(t *testing.T) {
	check(t, shop(t), []example{
		{"http", "http://shop.example.com/a", "https://c1.clones.test/a"},
		{"https", "https://shop.example.com", "https://c1.clones.test"},
		{"scheme-less", `src="//shop.example.com/a"`, `src="//c1.clones.test/a"`},
		{"www", "https://www.shop.example.com/a", "https://c1.clones.test/a"},
		{"upper case", "HTTPS://WWW.Shop.Example.COM/A", "HTTPS://c1.clones.test/A"},
		{"urlencoded", "?u=https%3A%2F%2Fshop.example.com%2Fa", "?u=https%3A%2F%2Fc1.clones.test%2Fa"},
		{"urlencoded, lower case", "?u=http%3a%2f%2fshop.example.com%2fa", "?u=https%3a%2f%2fc1.clones.test%2fa"},
		{"urlencoded twice", "https%253A%252F%252Fshop.example.com%252Fa", "https%253A%252F%252Fc1.clones.test%252Fa"},
		{"entities", "https:&#x2F;&#047;shop.example.com", "https:&#x2F;&#047;c1.clones.test"},
		{"default port", "https://shop.example.com:443/a http://shop.example.com:80", "https://c1.clones.test/a https://c1.clones.test"},
		{"websocket", "wss://shop.example.com/s", "wss://c1.clones.test/s"},
		{"end of a sentence", "See https://shop.example.com. Or (//shop.example.com), https://shop.example.com: yes", "See https://c1.clones.test. Or (//c1.clones.test), https://c1.clones.test: yes"},
		{"in running Chinese", "请看https://shop.example.com，谢谢", "请看https://c1.clones.test，谢谢"},
		{"srcset", "//shop.example.com/a 1x,//shop.example.com/b 2x", "//c1.clones.test/a 1x,//c1.clones.test/b 2x"},
	})
}

func TestWhatIsNotTheSite(t *testing.T) {
	check(t, shop(t), []example{
		same("longer name", "https://shop.example.com.evil.org/ https://shop.example.community https://shop.example.com-x.org"),
		same("percent-encoded longer name", "https%3A%2F%2Fshop.example.com%2Eevil.org"),
		same("name that ends like it", "https://myshop.example.com/ //a.shop.example.com //my-shop.example.com"),
		same("user info", "https://shop.example.com@evil.org/"),
		same("e-mail", "info@shop.example.com, mailto:info@shop.example.com"),
		same("the bare name", "shop.example.com"),
		same("in another address", "https://evil.org/shop.example.com"),
		same("another port", "https://shop.example.com:8443/"),
		same("a password hash", "$P$BshopExample.com"),
		same("nothing at all", ""),
	})
}

func TestPortsAndInternationalNames(t *testing.T) {
	ports := mustNew(t, Mapping{Sources: []string{"http://localhost:8080"}, Target: "https://c1.clones.test:8443"})
	check(t, ports, []example{
		{"port", "http://localhost:8080/a", "https://c1.clones.test:8443/a"},
		{"port, urlencoded", "http%3A%2F%2Flocalhost%3A8080%2Fa", "https%3A%2F%2Fc1.clones.test%3A8443%2Fa"},
		{"without its port", "http://localhost/a", "https://c1.clones.test:8443/a"},
		same("another service", "http://localhost:9200/"),
	})
	for _, source := range []string{"https://bücher.example", "https://xn--bcher-kva.example"} {
		check(t, mustNew(t, Mapping{Sources: []string{source}, Target: "https://c1.clones.test"}), []example{
			{"punycode", "https://xn--bcher-kva.example/ü", "https://c1.clones.test/ü"},
			{"Unicode", str("https://bücher.example/ü"), str("https://c1.clones.test/ü")},
			{"Unicode in JSON", `"https:\/\/b\u00fccher.example\/"`, `"https:\/\/c1.clones.test\/"`},
			{"Unicode, urlencoded", "https%3A%2F%2Fb%C3%BCcher.example", "https%3A%2F%2Fc1.clones.test"},
		})
	}
}

func TestPaths(t *testing.T) {
	check(t, shop(t), []example{
		{"a file", "/srv/www/shop/wp-content/a.jpg", "/var/www/html/wp-content/a.jpg"},
		{"serialized", str("/srv/www/shop/x"), str("/var/www/html/x")},
		{"in JSON", `{"p":"\/srv\/www\/shop\/x"}`, `{"p":"\/var\/www\/html\/x"}`},
		same("a longer name", "/srv/www/shop2/x /srv/www/shop.old/x /srv/www/shop-a"),
		same("the end of a longer path", "/backup/srv/www/shop/x https://x.org/srv/www/shop/"),
	})
	short := mustNew(t, Mapping{Sources: []string{"https://a.test"}, Target: "https://c1.clones.test", Paths: []PathMapping{{"/app/", "/var/www/html"}}})
	check(t, short, []example{
		{"one part, before a folder of WordPress", "/app/wp-content/x", "/var/www/html/wp-content/x"},
		same("one part, elsewhere", `href="/app/shop"`),
	})
}

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

func TestWriteEqualsCell(t *testing.T) {
	r := shop(t)
	cell := []byte("a:2:{i:0;" + str("https://shop.example.com/a") + "i:1;" + str("//shop.example.com") + "}")
	want, _ := r.Cell(nil, cell)
	var got strings.Builder
	if changed, err := r.Write(&got, cell, false); err != nil || !changed || got.String() != string(want) {
		t.Errorf("got %q (%v, %v), want %q", got.String(), changed, err, want)
	}
}
