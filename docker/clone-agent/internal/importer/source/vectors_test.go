package source

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/job"
)

// The vectors of docs/protocol.md, sections 2 and 8.
const (
	vectorKey   = "498b4a730b737954252060e424bfd632a81ed9e298a0c9e539741ee9707fdda1"
	vectorNonce = "000102030405060708090a0b0c0d0e0f"
	vectorBody  = `{"table":"wp_posts","max_seconds":5}`
	signature   = "ef27d27e026571315ae85f551d27596a58130a06776f86b28fb3ebd3ddd48aaa"
	answer      = `89434d41310d0a1a0a4a000000197b22636f6c756d6e73223a5b226964222c226e6f7465225d7d440000000803310468
		69033200430000003a9f56370c21169754f506487b8257d5cedebf191963cab43780755b5e7b52e0667b22637572736f
		72223a22577a4a64222c22726f7773223a327d4b0000000045000000484cc944eaa55bb19856e2c9f61aea8fcb6769f9
		dde9b74b63a1fc48e06b889abd7b22636f6d706c657465223a747275652c22637572736f72223a6e756c6c2c22726f77
		73223a327d`
)

func TestSignatureVector(t *testing.T) {
	j := job.Job{CloneID: "acme", Generation: 7, ExpiresAt: 1767229200, KeyID: "0123456789abcdef", JobKey: vectorKey}
	s, err := newSigner(j, func() time.Time { return time.Unix(1767225600, 0) })
	if err != nil {
		t.Fatal(err)
	}
	headers := s.headers("rows", []byte(vectorBody), vectorNonce)
	for name, want := range map[string]string{
		"X-CM-Key": "0123456789abcdef", "X-CM-Job": "acme.7.1767229200", "X-CM-Time": "1767225600", "X-CM-Nonce": vectorNonce,
		"X-CM-Signature": signature,
	} {
		if got := headers.Get(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestAnswerVector(t *testing.T) {
	key, _ := hex.DecodeString(vectorKey)
	body, err := hex.DecodeString(strings.Join(strings.Fields(answer), ""))
	if err != nil {
		t.Fatal(err)
	}
	frames := newFrameReader(bytes.NewReader(body), key, vectorNonce, "rows")
	if err := frames.start(); err != nil {
		t.Fatal(err)
	}
	var kinds []byte
	var last []byte
	for len(kinds) < 5 {
		kind, payload, err := frames.next()
		if err != nil {
			t.Fatalf("after %q: %v", kinds, err)
		}
		kinds, last = append(kinds, kind), payload
	}
	if string(kinds) != "JDCKE" || !json.Valid(last) {
		t.Errorf("frames %q, end %q", kinds, last)
	}
}

func FuzzFrames(f *testing.F) {
	body, _ := hex.DecodeString(strings.Join(strings.Fields(answer), ""))
	f.Add(body)
	f.Add([]byte("\x89CMA1\r\n\x1a\nE\x00\x00\x00\x01x"))
	key, _ := hex.DecodeString(vectorKey)
	f.Fuzz(func(t *testing.T, altered []byte) {
		frames := newFrameReader(bytes.NewReader(altered), key, vectorNonce, "rows")
		err := frames.start()
		for err == nil {
			var kind byte
			if kind, _, err = frames.next(); kind == frameEnd && err == nil {
				if !bytes.Contains(altered, body[len(body)-len(`{"complete":true,"cursor":null,"rows":2}`):]) {
					t.Errorf("%x passes for an answer", altered)
				}
				return
			}
		}
	})
}
