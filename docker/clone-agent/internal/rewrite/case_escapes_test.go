package rewrite

import (
	"fmt"
	"maps"
	"testing"
)

// Escapes and encodings around hosts and paths. Every expectation is exact bytes.

func TestEscapedLineBreaksAreDelimiters(t *testing.T) {
	r := shop(t)
	check(t, r, []example{
		{"a path", `{"log":"a\n/srv/www/shop/x"}`, `{"log":"a\n/var/www/html/x"}`},
		{"a path, slashes escaped", `{"log":"a\r\n\/srv\/www\/shop\/x\t\/srv\/www\/shop"}`, `{"log":"a\r\n\/var\/www\/html\/x\t\/var\/www\/html"}`},
		{"a bare host", `{"log":"a\nshop.example.com\tshop.example.com"}`, `{"log":"a\nc1.clones.test\tc1.clones.test"}`},
		{"a bare host beside quotes", `{"log":"\"a\"\nshop.example.com"}`, `{"log":"\"a\"\nc1.clones.test"}`},
		{"www", `["a\rwww.shop.example.com"]`, `["a\rc1.clones.test"]`},
		{"base64", `{"a":"b:\naHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29t"}`, `{"a":"b:\naHR0cHM6Ly9jMS5jbG9uZXMudGVzdA=="}`},
		{"base64 behind another escape", `{"a":"\u0022aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29t\u0022"}`, `{"a":"\u0022aHR0cHM6Ly9jMS5jbG9uZXMudGVzdA==\u0022"}`},
		{
			"base64 in a urlencoded string", "x=s%3A32%3A%22aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29t%22%3B",
			"x=s%3A32%3A%22aHR0cHM6Ly9jMS5jbG9uZXMudGVzdA==%22%3B",
		},
		{"a path in a script", `<script>x={"a":"b\n\/srv\/www\/shop\/x"}`, `<script>x={"a":"b\n\/var\/www\/html\/x"}`},
		same("another letter", `{"a":"b\u006eshop.example.com","c":"b\bshop.example.com"}`),
	})
	if got := r.Stats().NotRewritten; len(got) != 0 {
		t.Errorf("listed for nothing: %v", got)
	}
	unclear := []example{
		same("no JSON", `<script>x={"a":"b\nshop.example.com"}`),
		same("a backslash and a letter", `{"a":"C:\\nshop.example.com"}`),
	}
	check(t, r, append(unclear, same("a look-alike", `dir\nshop.example.com.evil.org`)))
	if got, want := r.Stats().NotRewritten, map[string]int64{ReasonUnclear: int64(len(unclear))}; !maps.Equal(got, want) {
		t.Errorf("not rewritten %v, want %v", got, want)
	}
	windows := mustNew(t, Mapping{Sources: []string{"https://a.test"}, Target: "https://c1.clones.test", Paths: []PathMapping{{`C:\inetpub\site`, "/var/www/html"}}})
	check(t, windows, []example{{"a path of Windows", `{"a":"b\nC:\\inetpub\\site\\x"}`, `{"a":"b\n/var/www/html/x"}`}})
}

func TestUserInfo(t *testing.T) {
	r := shop(t)
	check(t, r, []example{
		{"a password", "https://user:pw@shop.example.com/", "https://user:pw@c1.clones.test/"},
		{"in JSON", `"http:\/\/user:p%40w@www.shop.example.com\/"`, `"https:\/\/user:p%40w@c1.clones.test\/"`},
		{"urlencoded", "?u=https%3A%2F%2Fuser%3Apw%40shop.example.com%2F", "?u=https%3A%2F%2Fuser%3Apw%40c1.clones.test%2F"},
		same("another host", "https://shop.example.com@evil.org/ https://user:pw@shop.example.com.evil.org"),
		same("a path", "https://evil.org/a@shop.example.com"),
		same("an address and a mail address", "https://evil.org, info@shop.example.com"),
		same("a list of the same", "https://evil.org,info@shop.example.com"),
	})
	if got := r.Stats().NotRewritten; len(got) != 0 {
		t.Errorf("listed for nothing: %v", got)
	}
	unclear := []example{
		same("another scheme", "ftp://user:pw@shop.example.com/"), same("no scheme", "//user@shop.example.com"), same("mail", "mailto://info@shop.example.com"),
	}
	check(t, r, unclear)
	if got, want := r.Stats().NotRewritten, map[string]int64{ReasonUnclear: int64(len(unclear))}; !maps.Equal(got, want) {
		t.Errorf("not rewritten %v, want %v", got, want)
	}
}

func TestPathsOutsideOfASCII(t *testing.T) {
	r := mustNew(t, Mapping{
		Sources: []string{"https://shop.example.com"}, Target: "https://c1.clones.test", Paths: []PathMapping{{"/srv/www/Ärzte", "/var/www/html"}, {"/srv/my site/É", "/var/www/x"}},
	})
	check(t, r, []example{
		{"a file", "/srv/www/Ärzte/wp-content/a.jpg", "/var/www/html/wp-content/a.jpg"},
		{"in JSON", `{"p":"\/srv\/www\/\u00c4rzte\/x"}`, `{"p":"\/var\/www\/html\/x"}`},
		{"urlencoded", "f=%2Fsrv%2Fwww%2F%C3%84rzte%2Fx /srv/my%20site/%C3%89/x", "f=%2Fvar%2Fwww%2Fhtml%2Fx /var/www/x/x"},
		{"with a space", "/srv/my site/É/x", "/var/www/x/x"},
		same("in another case", "/srv/www/ärzte/x"),
	})
}

func TestWhatMayStandBeforeAPath(t *testing.T) {
	const from, to = "/srv/www/shop/x", "/var/www/html/x"
	var cases []example
	for _, before := range []string{"%22", "%3D", "%20", `\u0022`, `\u00e9`, "&quot;", "file://", `phar:\/\/`, "é"} {
		cases = append(cases, example{before, before + from, before + to})
	}
	for _, before := range []string{"%61", "%2E", "%2F", `\u0061`, "//", "https://x.org", "a:/"} {
		cases = append(cases, same(before, before+from))
	}
	check(t, shop(t), append(cases, example{"urlencoded", "%22%2Fsrv%2Fwww%2Fshop%22", "%22%2Fvar%2Fwww%2Fhtml%22"}))
}

func TestPortsInEverySpelling(t *testing.T) {
	r := mustNew(t, Mapping{Sources: []string{"http://shop.test:8080"}, Target: "https://c1.clones.test:8443"})
	var cases []example
	for _, colon := range []string{":", "%3A", "%3a", "%253A", `\u003A`, "&#58;", "&colon;", `\x3a`} {
		cases = append(cases, example{colon, "http://shop.test" + colon + "8080/", "https://c1.clones.test:8443/"})
		if got, _ := r.Fork().Cell(nil, []byte("http://shop.test"+colon+"9/")); string(got) != "http://shop.test"+colon+"9/" {
			t.Errorf("another port: %q", got)
		}
	}
	check(t, r, append(cases,
		example{"urlencoded twice", "http%253A%252F%252Fshop.test%253A8080%252F", "https%253A%252F%252Fc1.clones.test%253A8443%252F"},
		example{"bare, urlencoded twice", "%2522shop.test%253A8080%2522", "%2522c1.clones.test%253A8443%2522"},
		example{"bare, urlencoded three times", "%252522shop.test%252522", "%252522c1.clones.test%25253A8443%252522"},
		same("behind the dot of the root", "http://shop.test.:9/"),
	))
}

func TestRarerSpellings(t *testing.T) {
	var cases []example
	for _, slash := range []string{"&sol;", `\x2f`, `\x2F`, "&#x2F;", "&#47;", "%25252F", `\\\u002F`} {
		before, after := "https:"+slash+slash+"shop.example.com", "https:"+slash+slash+"c1.clones.test"
		cases = append(cases, example{slash, before, after})
	}
	check(t, shop(t), append(cases,
		example{"a list with semicolons", "a.org;shop.example.com;b.org", "a.org;c1.clones.test;b.org"},
		example{"the same, urlencoded", "a.org%3Bshop.example.com", "a.org%3Bc1.clones.test"},
		same("behind another entity", "info&#64;shop.example.com info&commat;shop.example.com"),
		example{"a colon by name", "https&colon;&sol;&sol;shop.example.com", "https&colon;&sol;&sol;c1.clones.test"},
		example{"the root's dot", "https://shop.example.com./a", "https://c1.clones.test./a"},
		example{"a query", "?redirect=https%3A%2F%2Fshop.example.com%2F", "?redirect=https%3A%2F%2Fc1.clones.test%2F"},
		example{"CSS", "a{b:url(//shop.example.com/a.png)}", "a{b:url(//c1.clones.test/a.png)}"},
	))
	idn := mustNew(t, Mapping{Sources: []string{"https://bücher.example"}, Target: "https://c1.clones.test"})
	check(t, idn, []example{
		{"Unicode, JSON in JSON", `x \\\"https:\\\/\\\/b\\u00fccher.example\\\"`, `x \\\"https:\\\/\\\/c1.clones.test\\\"`},
		{"Unicode, urlencoded twice", "https%253A%252F%252Fb%25C3%25BCcher.example", "https%253A%252F%252Fc1.clones.test"},
	})
	for _, text := range []string{`"a\\nb`, "s:", "s:1", "%", `\x`, "&", "s%3A1%3A"} {
		check(t, shop(t), []example{{fmt.Sprintf("cut off: %q", text), old + text, now + text}})
	}
}

func TestBase64ThatMayBeInAQuery(t *testing.T) {
	r := shop(t)
	const before, after = "https://shop.example.com/?>", "https://c1.clones.test/?>"
	check(t, r, []example{
		{"elsewhere, with a plus that goes", `"` + encode64(before) + `"`, `"` + encode64(after) + `"`},
		{"without a plus", "?a=" + encode64("https://shop.example.com"), "?a=" + encode64("https://c1.clones.test")},
		same("a plus goes", "?a="+encode64(before)),
		same("a plus comes", "?a="+encode64("https://shop.example.com/>")),
	})
	if r.Stats().NotRewritten[ReasonBase64] != 2 {
		t.Errorf("listed: %v", r.Stats().NotRewritten)
	}
}
