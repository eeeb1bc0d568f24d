package rewrite

import (
	"fmt"
	"strings"
	"testing"
)

// Cases 1 to 5: values that other values are packed into. Every expectation is exact bytes.

const (
	old = "https://shop.example.com/é😀"
	now = "https://c1.clones.test/é😀"
)

func TestCase1NestedSerialized(t *testing.T) {
	pack := func(url string) string { return "a:1:{" + str("u") + str(url) + "}" }
	long, cut := strings.Repeat("x", 77), "https://shop.example.com/"
	check(t, shop(t), []example{
		{"a string", str(old), str(now)},
		{"an array", pack(old), pack(now)},
		{"an array, spelled out", `a:1:{s:1:"u";s:24:"https://shop.example.com";}`, `a:1:{s:1:"u";s:22:"https://c1.clones.test";}`},
		{"a key", "a:1:{" + str(old) + "i:1;}", "a:1:{" + str(now) + "i:1;}"},
		{"arrays in arrays", "a:1:{i:0;a:1:{i:0;" + pack(old) + "}}", "a:1:{i:0;a:1:{i:0;" + pack(now) + "}}"},
		{"serialized inside serialized", pack(pack(pack(old))), pack(pack(pack(now)))},
		{
			"serialized inside serialized, spelled out",
			`a:1:{s:1:"p";s:46:"a:1:{s:1:"u";s:24:"https://shop.example.com";}";}`,
			`a:1:{s:1:"p";s:44:"a:1:{s:1:"u";s:22:"https://c1.clones.test";}";}`,
		},
		{"serialized text inside serialized", str(str(old)), str(str(now))},
		{"multibyte beside it", "a:2:{i:0;" + str("日本😀") + "i:1;" + str(old) + "}", "a:2:{i:0;" + str("日本😀") + "i:1;" + str(now) + "}"},
		{"a length that loses a digit", str(cut + long), str("https://c1.clones.test/" + long)},
		{"quotes and braces in a string", str(`";}` + old + `";}`), str(`";}` + now + `";}`)},
		{"many in one string", str(old + " " + old + old), str(now + " " + now + now)},
		{"white space before it", "\n " + pack(old), "\n " + pack(now)},
		{"with slashes added", `a:1:{s:1:\"u\";s:24:\"https://shop.example.com\";}`, `a:1:{s:1:\"u\";s:22:\"https://c1.clones.test\";}`},
		{"a string with slashes added", `s:25:\"https://shop.example.com\'\";`, `s:23:\"https://c1.clones.test\'\";`},
	})
}

func TestCase2CopiedByteForByte(t *testing.T) {
	beside := func(value string) example {
		in := "a:2:{i:0;" + value + "i:1;" + str(old) + "}"
		return example{value, in, "a:2:{i:0;" + value + "i:1;" + str(now) + "}"}
	}
	var examples []example
	for _, value := range []string{
		"N;", "b:0;", "b:1;", "i:0;", "i:-7;", "i:+7;", "d:0.10000000000000001;", "d:1.0E+25;", "d:-0;", "d:.5;", "d:5.;",
		"d:INF;", "d:-INF;", "d:NAN;", "R:1;", "r:1;", "a:0:{}", `O:8:"stdClass":0:{}`, `s:0:"";`,
	} {
		examples = append(examples, beside(value))
	}
	check(t, shop(t), append(examples, []example{
		{
			"objects of any class, with private and protected names",
			"O:8:\"My\\Class\":2:{s:5:\"\x00*\x00ab\";" + str(old) + "s:11:\"\x00My\\Class\x00x\";O:8:\"stdClass\":0:{}}",
			"O:8:\"My\\Class\":2:{s:5:\"\x00*\x00ab\";" + str(now) + "s:11:\"\x00My\\Class\x00x\";O:8:\"stdClass\":0:{}}",
		},
		{
			"a reference into a rewritten value",
			"a:2:{i:0;O:1:\"A\":1:{" + str("u") + str(old) + "}i:1;R:2;}",
			"a:2:{i:0;O:1:\"A\":1:{" + str("u") + str(now) + "}i:1;R:2;}",
		},
	}...))
}

func TestCase3EnumsEscapedStringsCustomObjects(t *testing.T) {
	r := shop(t)
	check(t, r, []example{
		{"an enum", `a:2:{i:0;E:11:"Suit:Hearts";i:1;` + str(old) + "}", `a:2:{i:0;E:11:"Suit:Hearts";i:1;` + str(now) + "}"},
		{"an escaped string", `S:26:"https://shop.example.com/\c3";`, `S:24:"https://c1.clones.test/\c3";`},
		{"an escaped string with escaped slashes", `S:24:"https:\2f\2fshop.example.com";`, `S:22:"https:\2f\2fc1.clones.test";`},
		{"an escaped key", `a:1:{S:1:"\61";` + str(old) + "}", `a:1:{S:1:"\61";` + str(now) + "}"},
		same("a custom object without the host", `C:3:"Foo":5:{a:"};}`),
	})
	if got := r.Stats().NotRewritten; len(got) != 0 {
		t.Errorf("listed for nothing: %v", got)
	}
	check(t, r, []example{
		same("a custom object", `C:3:"Foo":24:{https://shop.example.com}`),
		{
			"a custom object beside a string",
			`a:2:{i:0;C:3:"Foo":24:{https://shop.example.com}i:1;` + str(old) + "}",
			`a:2:{i:0;C:3:"Foo":24:{https://shop.example.com}i:1;` + str(now) + "}",
		},
	})
	if got := r.Stats().NotRewritten[ReasonCustomObject]; got != 2 {
		t.Errorf("%d custom objects reported, want 2", got)
	}
}

func TestCase4TrailingBytesAndMalformed(t *testing.T) {
	valid := shop(t)
	check(t, valid, []example{
		{"bytes after it", str(old) + "\r\n\x00tail", str(now) + "\r\n\x00tail"},
		{"another value after it", str(old) + str(old) + old, str(now) + str(now) + now},
		{"text that only mentions a length", `say s:3:"abc"; ` + old, `say s:3:"abc"; ` + now},
		{"text that begins like it", "a:2 " + old, "a:2 " + now},
	})
	if got := valid.Stats().NotRewritten; len(got) != 0 {
		t.Errorf("listed for nothing: %v", got)
	}
	const url, to = "https://shop.example.com", "https://c1.clones.test"
	var cases []example
	for name, around := range map[string]string{
		"too long": `s:99:"%s";`, "too short": `s:3:"%s";`, "a number too large": `s:99999999999:"%s";`, "truncated in a string": `s:24:"%s`,
	} {
		cases = append(cases, example{name, fmt.Sprintf(around, url), fmt.Sprintf(around, to)})
	}
	for name, around := range map[string]string{ // where the length of the string itself is right, it stays so
		"truncated": `a:2:{i:0;%s`, "fewer members": `a:2:{i:0;%s}`, "more members": `a:1:{i:0;%si:1;N;}`, "no brace": `a:1:{i:0;%s]`,
		"an array as key": `a:1:{a:0:{}%s}`, "a boolean of 2": `a:2:{i:0;b:2;i:1;%s}`, "a float of letters": `a:2:{i:0;d:1x;i:1;%s}`,
		"an enum without a case": `a:2:{i:0;E:4:"Suit";i:1;%s}`, "characters counted": `a:1:{s:3:"éöü";%s}`,
	} {
		cases = append(cases, example{name, fmt.Sprintf(around, str(url)), fmt.Sprintf(around, str(to))})
	}
	r := shop(t)
	check(t, r, cases)
	if got := r.Stats().NotRewritten[ReasonMalformed]; got != int64(len(cases)) {
		t.Errorf("%d malformed cells listed, want %d", got, len(cases))
	}
}

func TestCase5JSON(t *testing.T) {
	inner := func(url string) string {
		return `a:1:{s:1:\"u\";s:` + fmt.Sprint(len(url)) + `:\"` + strings.ReplaceAll(url, "/", `\/`) + `\";}`
	}
	check(t, shop(t), []example{
		{"plain", `{"u":"https://shop.example.com/a"}`, `{"u":"https://c1.clones.test/a"}`},
		{"slashes escaped", `{"u":"https:\/\/shop.example.com\/a"}`, `{"u":"https:\/\/c1.clones.test\/a"}`},
		{"slashed JSON", `{\"u\":\"https:\\\/\\\/shop.example.com\\\/a\"}`, `{\"u\":\"https:\\\/\\\/c1.clones.test\\\/a\"}`},
		{
			"unicode escapes", `{"u":"https\u003A\u002F\u002fshop.example.com\u002Fa\u00e9\ud83d\ude00"}`,
			`{"u":"https\u003A\u002F\u002fc1.clones.test\u002Fa\u00e9\ud83d\ude00"}`,
		},
		{"JSON inside JSON", `{"a":"{\"u\":\"https:\\\/\\\/shop.example.com\"}"}`, `{"a":"{\"u\":\"https:\\\/\\\/c1.clones.test\"}"}`},
		{"serialized inside JSON", `{"a":"` + inner(old) + `"}`, `{"a":"` + inner(now) + `"}`},
		{
			"serialized inside JSON with escaped multibyte", `["s:26:\"https:\/\/shop.example.com\u00e9\";"]`,
			`["s:24:\"https:\/\/c1.clones.test\u00e9\";"]`,
		},
		{"JSON inside serialized", str(`{"u":"https:\/\/shop.example.com"}`), str(`{"u":"https:\/\/c1.clones.test"}`)},
		{
			"serialized inside JSON inside serialized", str(`{"a":"` + inner("https://shop.example.com") + `"}`),
			str(`{"a":"` + inner("https://c1.clones.test") + `"}`),
		},
		{
			"JSON inside serialized inside JSON", `{"a":"s:34:\"{\"u\":\"https:\\\/\\\/shop.example.com\"}\";"}`,
			`{"a":"s:32:\"{\"u\":\"https:\\\/\\\/c1.clones.test\"}\";"}`,
		},
		{"page builder", `[{"id":"1","elType":"widget","settings":{"link":{"url":"https:\/\/shop.example.com\/?p=1"},"html":"<a href=\"https:\/\/shop.example.com\">x<\/a>"}}]`,
			`[{"id":"1","elType":"widget","settings":{"link":{"url":"https:\/\/c1.clones.test\/?p=1"},"html":"<a href=\"https:\/\/c1.clones.test\">x<\/a>"}}]`},
		{"a shortcode", `[gallery url="https://shop.example.com/\"x"]`, `[gallery url="https://c1.clones.test/\"x"]`},
		{"unfinished", `{"a":"\"https:\/\/shop.example.com`, `{"a":"\"https:\/\/c1.clones.test`},
		{"a lone surrogate", `["s:24:\"https:\/\/shop.example.com\";\ud800"]`, `["s:22:\"https:\/\/c1.clones.test\";\ud800"]`},
		{"a key", `{"https:\/\/shop.example.com":1}`, `{"https:\/\/c1.clones.test":1}`},
		{"paths", `{"a":"{\"p\":\"\\\/srv\\\/www\\\/shop\\\/x\"}"}`, `{"a":"{\"p\":\"\\\/var\\\/www\\\/html\\\/x\"}"}`},
	})
}
