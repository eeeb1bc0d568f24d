package rewrite

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
)

// Each target starts from the cells here and in testdata/fuzz; `go test` runs only those. To search on:
//
//	go test -run '^$' -fuzz FuzzJSON -fuzztime 5m ./internal/rewrite

// anyCell holds for every cell, whatever is in it.
func anyCell(t *testing.T, there, back *Rewriter, cell []byte) []byte {
	got, changed := there.Cell(nil, cell)
	if changed == bytes.Equal(got, cell) {
		t.Errorf("changed is %v for %q -> %q", changed, cell, got)
	}
	var written bytes.Buffer
	size, _ := there.Measure(cell, false)
	if err := there.Emit(&written, cell); err != nil || size != len(got) || !bytes.Equal(written.Bytes(), got) {
		t.Errorf("two passes differ from one: %q, %q", written.Bytes(), got)
	}
	if again, _ := there.Cell(nil, got); changed && !bytes.Contains(cell, []byte("clones")) && !bytes.Equal(again, got) {
		t.Errorf("a second run changes %q to %q", got, again)
	}
	if binary, _ := there.Binary(nil, cell); !bytes.Equal(binary, got) && !bytes.Equal(binary, cell) {
		t.Errorf("as binary %q became %q", cell, binary)
	}
	back.Cell(nil, got)
	return got
}

func seeds(f *testing.F, cells ...string) (there, back *Rewriter) {
	for _, cell := range cells {
		f.Add([]byte(cell))
	}
	return thereAndBack(f)
}

func FuzzSerialized(f *testing.F) {
	there, back := seeds(f,
		str("https://shop.example.com"), "a:1:{s:1:\"a\";"+str(str("//shop.example.com"))+"}", `S:3:"\61/b";https://shop.example.com`,
		`C:3:"Foo":24:{https://shop.example.com}`, `a:2:{i:0;d:-1.5E+25;i:1;O:8:"stdClass":1:{s:1:"u";`+str("/srv/www/shop/x")+"}}",
		`a:1:{s:1:\"u\";s:24:\"https://shop.example.com\";}`, `a:2:{i:0;E:6:"A:Case";i:1;R:1;}shop.example.com`,
		`user|s:24:"https://shop.example.com";n|s:3:"abc";`, `s%3A24%3A%22https%3A%2F%2Fshop.example.com%22%3B`, `x s:24:&quot;https://shop.example.com&quot;;`,
		`"s:26:""https://shop.example.com"""";"`, `x s:42:"s:24:\"https://shop.example.com\";";`,
	)
	f.Fuzz(func(t *testing.T, cell []byte) {
		got := anyCell(t, there, back, cell)
		if was, is := there.valid(cell), there.valid(got); was && !is {
			t.Errorf("valid before: %q, not after: %q", cell, got)
		}
	})
}

// valid says whether a cell begins with a serialized value.
func (r *Rewriter) valid(cell []byte) bool {
	r.release()
	l := r.layer(0)
	l.begin(cell)
	_, ok := r.item(l, 0, len(cell), 0, 0)
	return ok
}

func FuzzJSON(f *testing.F) {
	there, back := seeds(f,
		`{"u":"https:\/\/shop.example.com\"\u00e9"}`, `["\"https:\\\/\\\/shop.example.com\""]`, `{"a":"{\"p\":\"\\\/srv\\\/www\\\/shop\"}"}`,
		`["s:26:\"https:\/\/shop.example.com\u00e9\";"]`, `{"\u0022":"\ud83d\ude00//shop.example.com"}`, ` "shop.example.com" `,
	)
	f.Fuzz(func(t *testing.T, cell []byte) {
		got := anyCell(t, there, back, cell)
		if json.Valid(cell) && !json.Valid(got) {
			t.Errorf("valid before: %q, not after: %q", cell, got)
		}
	})
}

// FuzzBase64 packs what it is given, so that most of it can be decoded.
func FuzzBase64(f *testing.F) {
	there, back := seeds(f,
		"https://shop.example.com/", "???https://shop.example.com/???", encode64("<a href='//shop.example.com'>"), str("shop.example.com"),
		"\xffhttps://shop.example.com", `{"p":"\/srv\/www\/shop"}`,
	)
	f.Fuzz(func(t *testing.T, plain []byte) {
		anyCell(t, there, back, plain)
		cell := []byte(encode64(string(plain)))
		got := anyCell(t, there, back, cell)
		decoded, err := base64.StdEncoding.DecodeString(string(got))
		if err != nil || encode64(string(decoded)) != string(got) {
			t.Errorf("%q became %q, which is no base64: %v", cell, got, err)
		}
	})
}

func FuzzURL(f *testing.F) {
	there, back := seeds(f,
		"http://www.shop.example.com:443/a", "https%3A%2F%2Fshop.example.com%2Fa", `https:\/\/shop.example.com`, `https\u003A\u002F\u002fshop.example.com`,
		"https:&#x2F;&#047;shop.example.com", "info@shop.example.com", "/srv/www/shop/x", "&quot;shop.example.com&quot; .shop.example.com",
		"https://shop.example.com.evil.org https://shop.example.com:8443", `https://user:pw@shop.example.com "\nshop.example.com" file:///srv/www/shop`,
	)
	windows := mustNew(f, Mapping{
		Sources: []string{"http://bücher.example:8080"}, Target: "https://c1.clones.test:8443", Paths: []PathMapping{{`C:\inetpub\site`, "/var/www/html"}},
	})
	f.Add([]byte(`C:\inetpub\site\a\b "http://b\u00fccher.example:8080" %22xn--bcher-kva.example`))
	f.Fuzz(func(t *testing.T, cell []byte) {
		anyCell(t, there, back, cell)
		if got, changed := windows.Cell(nil, cell); changed == bytes.Equal(got, cell) {
			t.Errorf("changed is %v for %q -> %q", changed, cell, got)
		}
	})
}
