package rewrite

import (
	"strings"
	"testing"
)

// TestPublishedScenarios goes through what the tests and trackers of other migration tools name as scenarios or report as
// bugs, as far as it is about cells. The data is our own; the names say where a scenario is known from.
func TestPublishedScenarios(t *testing.T) {
	const o, n = "https://shop.example.com", "https://c1.clones.test"
	modern := func(url string) string {
		return `a:2:{i:0;O:8:"stdClass":1:{s:3:"url";` + str(url+"/foo.jpg") + `}i:1;O:25:"Not_Loaded\Class_Anywhere":2:{s:7:"` + "\x00*\x00" +
			`link";` + str(url) + "s:28:\"\x00Not_Loaded\\Class_Anywhere\x00n\";a:0:{}}}"
	}
	requests := func(url string) string {
		return `a:1:{s:7:"headers";O:42:"Requests_Utility_CaseInsensitiveDictionary":1:{s:7:"` + "\x00*\x00" + `data";a:1:{s:4:"link";` + str("<"+url+"/wp-json/>") + "}}}"
	}
	widgets := func(url string) string {
		return `a:2:{i:2;a:2:{s:5:"title";s:5:"Höfe";s:4:"text";` + str("Line one<br />\r\n<a href=\""+url+"\">sales@shop.example.com</a>\r\n<img src=\""+url+"/a.jpeg\" />\n") +
			`}s:12:"_multiwidget";i:1;}`
	}
	check(t, shop(t), []example{
		// wp-cli, features/search-replace.feature
		{"wp-cli: search and replace within theme mods", modern(o), modern(n)},
		{"wp-cli: quoted strings", `<a href="` + o + `">Apple</a> <a href='` + o + `'>Pear</a>`, `<a href="` + n + `">Apple</a> <a href='` + n + `'>Pear</a>`},
		{"wp-cli: precise mode when serialized data is found", `a:1:{s:3:"bar";` + str(o) + "}", `a:1:{s:3:"bar";` + str(n) + "}"},
		{"wp-cli: incomplete classes are handled gracefully", `a:1:{i:0;O:10:"CornFlakes":1:{s:1:"u";` + str(o) + "}}", `a:1:{i:0;O:10:"CornFlakes":1:{s:1:"u";` + str(n) + "}}"},
		same("wp-cli: a serialized option without the term", `a:1:{i:0;O:10:"CornFlakes":0:{}}`),
		same("wp-cli: no match in another case of what is no host", "Case Sensitive"),
		{"wp-cli: terms with kana and decomposed umlauts around", "バäz_" + o + "_x バäz " + o, "バäz_" + o + "_x バäz " + n},
		{"wp-cli: JSON in meta", `["https:\/\/shop.example.com\/uploads\/a.png?w=940&h=400&fit=crop"]`, `["https:\/\/c1.clones.test\/uploads\/a.png?w=940&h=400&fit=crop"]`},
		{"wp-cli: all instances in one serialized value", strings.Repeat(str(o), 12), strings.Repeat(str(n), 12)},
		{"wp-cli: a path as key", `a:1:{` + str("/srv/www/shop/wp-content/uploads/sites/5") + `a:1:{s:4:"size";i:0;}}`, `a:1:{` + str("/var/www/html/wp-content/uploads/sites/5") + `a:1:{s:4:"size";i:0;}}`},
		{"wp-cli: a scheme-less address beside a path in one object", `O:1:"T":2:{` + str("base_uri") + str("//shop.example.com/x/") + str("path") + str("/srv/www/shop/x") + "}",
			`O:1:"T":2:{` + str("base_uri") + str("//c1.clones.test/x/") + str("path") + str("/var/www/html/x") + "}"},
		// Search-Replace-DB, DBSR
		{"Search-Replace-DB: classes that no script has", requests(o), requests(n)},
		{"Search-Replace-DB: widgets with markup and an e-mail address", widgets(o), widgets(n)},
		{"Search-Replace-DB: erroneous data, an object cut off", `O:7:"WP_User":1:{s:4:"data";O:8:"stdClass"` + o, `O:7:"WP_User":1:{s:4:"data";O:8:"stdClass"` + n},
		{"DBSR: namespaces in class names", `O:9:"A\B\C\Dé":1:{s:1:"u";` + str(o) + "}", `O:9:"A\B\C\Dé":1:{s:1:"u";` + str(n) + "}"},
		// go-search-replace
		{"go-search-replace: serialized in a serialized string, slashed", `a:1:{s:4:\"test\";s:48:\"a:1:{s:3:\"url\";s:24:\"https://shop.example.com\";}\";}`,
			`a:1:{s:4:\"test\";s:46:\"a:1:{s:3:\"url\";s:22:\"https://c1.clones.test\";}\";}`},
		// WP Migrate, Better Search Replace, Elementor, Unyson, Beaver Builder
		same("WP Migrate: a subdomain of the site is not doubled", "//dev.shop.example.com //cdn.shop.example.com"),
		{"WP Migrate: serialized objects", `O:8:"gdsrRate":1:{s:4:"href";` + str(o) + "}", `O:8:"gdsrRate":1:{s:4:"href";` + str(n) + "}"},
		{"Better Search Replace: JSON of a page builder, CSS in it", `[{"css":"selector{background:url(\"https:\/\/shop.example.com\/a.png\")}","x":"&quot;https:\/\/shop.example.com&quot;"}]`,
			`[{"css":"selector{background:url(\"https:\/\/c1.clones.test\/a.png\")}","x":"&quot;https:\/\/c1.clones.test&quot;"}]`},
		{"Elementor: slashed after an import", `[{\"id\":\"1\",\"url\":\"https:\\\/\\\/shop.example.com\"}]`, `[{\"id\":\"1\",\"url\":\"https:\\\/\\\/c1.clones.test\"}]`},
		{"Unyson: scheme-less and escaped", `{"url":"\/\/shop.example.com\/a.jpg","attachment_id":"2407"}`, `{"url":"\/\/c1.clones.test\/a.jpg","attachment_id":"2407"}`},
		{"Unyson: typographic quotes around it", "“url”:”\\/\\/shop.example.com\\/a.jpg”", "“url”:”\\/\\/c1.clones.test\\/a.jpg”"},
		// Duplicator, All-in-One WP Migration
		{"Duplicator: base64 of a serialized array", encode64(modern(o)), encode64(modern(n))},
		{"Duplicator: base64 in a serialized array", "a:1:{i:0;" + str(encode64(str(o))) + "}", "a:1:{i:0;" + str(encode64(str(n))) + "}"},
		{"All-in-One WP Migration: urlencoded JSON", "%7B%22u%22%3A%22https%3A%5C%2F%5C%2Fshop.example.com%5C%2Fa%22%7D", "%7B%22u%22%3A%22https%3A%5C%2F%5C%2Fc1.clones.test%5C%2Fa%22%7D"},
		{"All-in-One WP Migration: an e-mail address of the domain stays", "mailto:info@shop.example.com?subject=" + o, "mailto:info@shop.example.com?subject=" + n},
		// What they report of themselves
		same("an empty array", "a:0:{}"), same("false", "b:0;"), same("null", "N;"), same("an empty string", `s:0:"";`), same("the text NULL", "NULL"),
		{"a block of Gutenberg", `<!-- wp:cover {"url":"https://shop.example.com/a.jpg","id":7} -->`, `<!-- wp:cover {"url":"https://c1.clones.test/a.jpg","id":7} -->`},
		{"a block of Gutenberg with hex quotes", `<!-- wp:x {"a":"\u003ca href=\u0022https://shop.example.com\u0022\u003e"} -->`, `<!-- wp:x {"a":"\u003ca href=\u0022https://c1.clones.test\u0022\u003e"} -->`},
		{"an oEmbed cache", `<iframe src="https://player.example.org/?u=https%3A%2F%2Fshop.example.com%2Fv" />`, `<iframe src="https://player.example.org/?u=https%3A%2F%2Fc1.clones.test%2Fv" />`},
	})
	inside := mustNew(t, Mapping{Sources: []string{"https://example.com"}, Target: "https://staging.example.com"})
	check(t, inside, []example{
		{"wp-cli: the replacement contains the search", str("https://example.com/a"), str("https://staging.example.com/a")},
		same("WP Migrate: already the target", "https://staging.example.com/a"),
	})
	if inside.Stats().Rewritten[KindSerialized] != 1 {
		t.Errorf("rewritten %v", inside.Stats().Rewritten)
	}
	again := mustNew(t, Mapping{Sources: []string{"https://shop.example.com"}, Target: "https://shop.example.com"})
	check(t, again, []example{same("wp-cli: the same terms", str(o))})
}
