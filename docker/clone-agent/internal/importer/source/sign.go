package source

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"clonepool.dev/clone-agent/internal/job"
)

// signer signs the requests of one job (docs/protocol.md, section 2).
type signer struct {
	keyID string
	job   string
	key   []byte
	now   func() time.Time
}

func newSigner(j job.Job, now func() time.Time) (*signer, error) {
	key, err := hex.DecodeString(j.JobKey)
	if err != nil || len(key) != sha256.Size {
		return nil, fmt.Errorf("job_key must be %d bytes in hex", sha256.Size)
	}
	return &signer{j.KeyID, fmt.Sprintf("%s.%d.%d", j.CloneID, j.Generation, j.ExpiresAt), key, now}, nil
}

// newNonce returns 32 random hex digits.
func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// headers returns what authenticates a POST to an endpoint. The query is always empty.
func (s *signer) headers(endpoint string, body []byte, nonce string) http.Header {
	seconds := strconv.FormatInt(s.now().Unix(), 10)
	digest := sha256.Sum256(body)
	mac := hmac.New(sha256.New, s.key)
	fmt.Fprintf(mac, "custom-migrator-request-v1\nPOST\n%s\n\n%x\n%s\n%s", endpoint, digest, seconds, nonce)
	h := http.Header{}
	h.Set("X-CM-Key", s.keyID)
	h.Set("X-CM-Job", s.job)
	h.Set("X-CM-Time", seconds)
	h.Set("X-CM-Nonce", nonce)
	h.Set("X-CM-Signature", hex.EncodeToString(mac.Sum(nil)))
	h.Set("Content-Type", "application/json")
	h.Set("Accept-Encoding", "identity")
	h.Set("User-Agent", "clone-agent")
	return h
}
