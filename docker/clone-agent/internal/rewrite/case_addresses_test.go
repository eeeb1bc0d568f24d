package rewrite

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// Cases 6 to 9: spellings of addresses and paths. Every expectation is exact bytes.

func TestCase6Spellings(t *testing.T) {
	check(t, shop(t), []example{
		{"http", "http://shop.example.com/a", "https://c1.clones.test/a"},
		{"https", "https://shop.example.com", "https://c1.clones.test"},
		{"scheme-less", `src="//shop.example.com/a"`, `src="//c1.clones.test/a"`},
		{"www", "https://www.shop.example.com/a", "https://c1.clones.test/a"},
		{"upper case", "HTTP://WWW.Shop.Example.COM/A", "https://c1.clones.test/A"},
		{"upper-case host", "https://SHOP.EXAMPLE.COM/A", "https://c1.clones.test/A"},
		{"urlencoded", "?u=https%3A%2F%2Fshop.example.com%2Fa", "?u=https%3A%2F%2Fc1.clones.test%2Fa"},
		{"urlencoded, lower case", "?u=http%3a%2f%2fshop.example.com%2fa", "?u=https%3a%2f%2fc1.clones.test%2fa"},
		{"urlencoded twice", "https%253A%252F%252Fshop.example.com%252Fa", "https%253A%252F%252Fc1.clones.test%252Fa"},
		{"entities", "https:&#x2F;&#047;shop.example.com", "https:&#x2F;&#047;c1.clones.test"},
		{"default port", "https://shop.example.com:443/a http://shop.example.com:80", "https://c1.clones.test/a https://c1.clones.test"},
		{"websocket", "wss://shop.example.com/s", "wss://c1.clones.test/s"},
		{
			"end of a sentence", "See https://shop.example.com. Or (//shop.example.com), https://shop.example.com: yes",
			"See https://c1.clones.test. Or (//c1.clones.test), https://c1.clones.test: yes",
		},
		{"in running Chinese", "请看https://shop.example.com，谢谢", "请看https://c1.clones.test，谢谢"},
		{"srcset", "//shop.example.com/a 1x,//shop.example.com/b 2x", "//c1.clones.test/a 1x,//c1.clones.test/b 2x"},
	})
	longer := mustNew(t, Mapping{Sources: []string{"http://a.io"}, Target: "https://a-much-longer-name.clones.test"})
	check(t, longer, []example{
		{"longer target", str("http://a.io/x"), str("https://a-much-longer-name.clones.test/x")},
		{"longer target, nine to ten", `s:11:"http://a.io";`, `s:38:"https://a-much-longer-name.clones.test";`},
	})
}

func TestCase6BareHosts(t *testing.T) {
	check(t, shop(t), []example{
		{"a value", "shop.example.com", "c1.clones.test"},
		{"a serialized value", `a:1:{s:6:"domain";s:16:"shop.example.com";}`, `a:1:{s:6:"domain";s:14:"c1.clones.test";}`},
		{"a cookie's domain", str(".shop.example.com"), str(".c1.clones.test")},
		{"www", "www.shop.example.com", "c1.clones.test"},
		{"an attribute", `<i data-host="shop.example.com" x='Shop.Example.com'>`, `<i data-host="c1.clones.test" x='c1.clones.test'>`},
		{"JSON", `{"host":"shop.example.com","dir":"shop.example.com\/a"}`, `{"host":"c1.clones.test","dir":"c1.clones.test\/a"}`},
		{"JSON in JSON", `{"a":"{\"host\":\"shop.example.com\"}"}`, `{"a":"{\"host\":\"c1.clones.test\"}"}`},
		{"lists", "a.org,shop.example.com|b.org\nshop.example.com b.org", "a.org,c1.clones.test|b.org\nc1.clones.test b.org"},
		{"a query", "domain=shop.example.com&x", "domain=c1.clones.test&x"},
		{"urlencoded", "%22host%22%3D%22shop.example.com%22", "%22host%22%3D%22c1.clones.test%22"},
		{"hex quotes of JSON", `\u0022shop.example.com\u0022`, `\u0022c1.clones.test\u0022`},
		{"entities", "&quot;shop.example.com&quot;", "&quot;c1.clones.test&quot;"},
		{"a link's text", "<b>shop.example.com</b>", "<b>c1.clones.test</b>"},
		{"the end of a sentence", "Visit shop.example.com.", "Visit c1.clones.test."},
		{"with its port", "shop.example.com:443", "c1.clones.test"},
	})
	for _, source := range []string{"http://localhost", "http://192.168.1.10", "http://intranet:8080", "http://[::1]"} {
		host := strings.TrimPrefix(source, "http://")
		check(t, mustNew(t, Mapping{Sources: []string{source}, Target: "https://c1.clones.test"}), []example{
			same("the bare "+host, host), {"the address " + host, source + "/a", "https://c1.clones.test/a"},
		})
	}
	strict := mustNew(t, Mapping{Sources: []string{"https://shop.example.com"}, Target: "https://c1.clones.test", AddressesOnly: true})
	check(t, strict, []example{same("only addresses", "shop.example.com, aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29t")})
}

func TestCase6PortsAndInternationalNames(t *testing.T) {
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
			{"Unicode, bare", `"bücher.example"`, `"c1.clones.test"`},
		})
	}
}

func TestCase7LookAlikes(t *testing.T) {
	check(t, shop(t), []example{
		same("longer name", "https://shop.example.com.evil.org/ https://shop.example.community https://shop.example.com-x.org"),
		same("percent-encoded longer name", "https%3A%2F%2Fshop.example.com%2Eevil.org"),
		same("name that ends like it", "https://myshop.example.com/ //a.shop.example.com //my-shop.example.com"),
		same("user info", "https://shop.example.com@evil.org/"),
		same("e-mail", "info@shop.example.com, mailto:info@shop.example.com, <info@www.shop.example.com>"),
		same("e-mail, urlencoded", "mailto:info%40shop.example.com"),
		same("e-mail, entities", "info&#64;shop.example.com info&#064;shop.example.com"),
		same("e-mail, hidden from robots", "info (at) shop.example.com, info [AT] shop.example.com"),
		same("another address", "https://evil.org/shop.example.com https://evil.org/?u=/shop.example.com"),
		same("another port", "https://shop.example.com:8443/ shop.example.com:8443"),
		same("a path", "/var/vhosts/shop.example.com/log C:\\www\\shop.example.com"),
		same("bare longer names", "shop.example.com.evil.org myshop.example.com a.shop.example.com shop.example.com-x *.shop.example.com"),
		same("bare name in another alphabet", "müshop.example.com"),
		same("identifiers", "tag:shop.example.com,2024:1 sc-domain:shop.example.com _shop.example.com"),
		same("a password hash", "$P$BshopExample.com $2y$10$shop.example.com/xx"),
		same("nothing at all", ""),
	})
}

func TestCase8AddressesOfOneSite(t *testing.T) {
	apart := mustNew(t, Mapping{
		Sources: []string{"https://example.com/blog", "https://admin.example.com/wp"}, Target: "https://c1.clones.test",
		Paths: []PathMapping{{"/srv/www/site/wp/", "/var/www/html"}},
	})
	check(t, apart, []example{
		{"home in a folder", "https://example.com/blog/a", "https://c1.clones.test/blog/a"},
		{"siteurl on another host", "https://admin.example.com/wp/wp-login.php", "https://c1.clones.test/wp/wp-login.php"},
		same("a host beside them", "https://cdn.example.com/blog/"),
		{"the path of the core", str("/srv/www/site/wp/wp-content/a.php"), str("/var/www/html/wp-content/a.php")},
	})
}

func TestCase8Paths(t *testing.T) {
	check(t, shop(t), []example{
		{"a file", "/srv/www/shop/wp-content/a.jpg", "/var/www/html/wp-content/a.jpg"},
		{"the folder", str("/srv/www/shop"), str("/var/www/html")},
		{"serialized", str("/srv/www/shop/x"), str("/var/www/html/x")},
		{"in JSON", `{"p":"\/srv\/www\/shop\/x"}`, `{"p":"\/var\/www\/html\/x"}`},
		{"urlencoded", "f=%2Fsrv%2Fwww%2Fshop%2Fx", "f=%2Fvar%2Fwww%2Fhtml%2Fx"},
		{"a list", "/srv/www/shop:/srv/www/shop/lib", "/var/www/html:/var/www/html/lib"},
		same("a longer name", "/srv/www/shop2/x /srv/www/shop.old/x /srv/www/shop-a"),
		same("in another case", "/srv/WWW/shop/x"),
		same("the end of a longer path", "/backup/srv/www/shop/x https://x.org/srv/www/shop/"),
	})
	short := mustNew(t, Mapping{Sources: []string{"https://a.test"}, Target: "https://c1.clones.test", Paths: []PathMapping{{"/app/", "/var/www/html"}}})
	check(t, short, []example{
		{"one part, before a folder of WordPress", "/app/wp-content/x", "/var/www/html/wp-content/x"},
		same("one part, elsewhere", `href="/app/shop"`),
	})
}

func TestCase8WindowsPaths(t *testing.T) {
	for _, from := range []string{`C:\inetpub\site/`, `C:\inetpub\site\`, "C:/inetpub/site/"} {
		r := mustNew(t, Mapping{
			Sources: []string{"https://a.test"}, Target: "https://c1.clones.test", Paths: []PathMapping{{from, "/var/www/html"}},
		})
		check(t, r, []example{
			{"as ABSPATH", `C:\inetpub\site/wp-content/a.jpg`, "/var/www/html/wp-content/a.jpg"},
			{"backslashes", `C:\inetpub\site\wp-content\a.jpg`, "/var/www/html/wp-content/a.jpg"},
			{"normalized", "c:/Inetpub/site/wp-content/a.jpg", "/var/www/html/wp-content/a.jpg"},
			{"mixed", `C:\inetpub\site/wp-content\plugins\a`, "/var/www/html/wp-content/plugins/a"},
			{"serialized", str(`C:\inetpub\site\a`), str("/var/www/html/a")},
			{"JSON", `{"p":"C:\\inetpub\\site\\wp-content\n","q":"C:\\inetpub\\site\/x"}`, `{"p":"/var/www/html/wp-content\n","q":"/var/www/html\/x"}`},
			{"JSON in JSON", `{"a":"{\"p\":\"C:\\\\inetpub\\\\site\\\\x\"}"}`, `{"a":"{\"p\":\"/var/www/html/x\"}"}`},
			{"JSON, normalized", `{"p":"C:\/inetpub\/site\/x"}`, `{"p":"\/var\/www\/html\/x"}`},
			{"urlencoded", "f=C%3A%5Cinetpub%5Csite%5Cx&g=c%3a%2finetpub%2fsite%2fx", "f=%2Fvar%2Fwww%2Fhtml%2Fx&g=%2fvar%2fwww%2fhtml%2fx"},
			same("a longer name", `C:\inetpub\site2\a C:\inetpub\site.old`),
			same("another drive", `D:\inetpub\site\a`),
			same("the end of a longer path", `C:\old\inetpub\site\a abC:\inetpub\site`),
		})
	}
}

func TestCase9Base64(t *testing.T) {
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	html, rewritten := `<a href="https://shop.example.com/?q">`, `<a href="https://c1.clones.test/?q">`
	r := shop(t)
	check(t, r, []example{
		{"text", encode(html), encode(rewritten)},
		{"a value, spelled out", "aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29t", "aHR0cHM6Ly9jMS5jbG9uZXMudGVzdA=="},
		{"of a page builder", "[vc_raw_html]" + encode(url.PathEscape(html)) + "[/vc_raw_html]", "[vc_raw_html]" + encode(url.PathEscape(rewritten)) + "[/vc_raw_html]"},
		{"of a serialized value", encode(str(old)), encode(str(now))},
		{"in a serialized value", str(encode(old)), str(encode(now))},
		{"in itself", encode(encode(encode(old))), encode(encode(encode(now)))},
		{"in an address", "data:text/html;base64," + encode(html) + ")", "data:text/html;base64," + encode(rewritten) + ")"},
		{"in JSON", `{"a":"\"` + encode("???"+old) + `\""}`, `{"a":"\"` + encode("???"+now) + `\""}`},
		{"in JSON, slashes escaped", `["` + slashed(encode("???"+old)) + `"]`, `["` + slashed(encode("???"+now)) + `"]`},
		same("without the host", encode("https://example.org/a/b")),
		same("a look-alike", encode("https://shop.example.com.evil.org/a")),
		same("an e-mail address", encode("info@shop.example.com")),
		same("a long word", "https://c1.clones.test/abcdefghijklmnopqrstuvwxyz"),
	})
	if got := r.Stats().NotRewritten; len(got) != 0 {
		t.Errorf("listed for nothing: %v", got)
	}
	reported := []example{
		same("not UTF-8", encode("\xff"+old)),
		same("without its padding", strings.TrimRight(encode("https://shop.example.com/abc"), "=")),
		same("bits beyond the end", "aHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29tLx=="),
		same("a token with a signature", encode(old+"xyz")+"."+encode("signature")),
		same("in lines", encode(strings.Repeat(html, 2))[:76]+"\r\n"+encode("more of it")),
		same("in lines, escaped after it", encode(strings.Repeat(html, 2))[:76]+"\n"+encode(old)+`\"`),
		same("of the URL-safe alphabet", "a_"+encode(old)),
	}
	check(t, r, reported)
	if got := r.Stats().NotRewritten[ReasonBase64]; got != int64(len(reported)) {
		t.Errorf("%d blocks reported, want %d", got, len(reported))
	}
}

func slashed(text string) string { return strings.ReplaceAll(text, "/", `\/`) }
