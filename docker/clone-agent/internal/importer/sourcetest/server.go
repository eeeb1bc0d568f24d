// Package sourcetest is a source of a made-up site for tests: the export protocol from the other side, written from
// docs/protocol.md, with faults to order.
package sourcetest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"clonepool.dev/clone-agent/internal/job"
)

// Key of every test's job.
const (
	KeyID  = "0123456789abcdef"
	JobKey = "498b4a730b737954252060e424bfd632a81ed9e298a0c9e539741ee9707fdda1"
)

// Request is one that was signed rightly.
type Request struct {
	Endpoint string
	Body     map[string]any
	Number   int // counts requests to this endpoint from 1
	nonce    string
	gone     <-chan struct{} // closed when the client has gone away
}

// Answer begins an answer to the request, for a Wrap that answers by itself.
func (r Request) Answer(w io.Writer) *Answer { return NewAnswer(w, r.nonce, r.Endpoint) }

// Text returns a parameter that is text, or "".
func (r Request) Text(name string) string {
	text, _ := r.Body[name].(string)
	return text
}

// Server is a source. Set its fields before the first request.
type Server struct {
	*httptest.Server
	Site    Site
	MaxRows int // rows in one answer; 0: all

	// Wrap, if set, may replace the writer of an answer to spoil it, or answer by itself and return nil.
	Wrap func(r Request, w http.ResponseWriter) http.ResponseWriter

	mu       sync.Mutex
	nonces   map[string]bool
	counts   map[string]int
	Requests []Request
}

// Start starts a source for the length of a test.
func Start(t testing.TB, site Site) *Server {
	t.Helper()
	s := &Server{Site: site, nonces: map[string]bool{}, counts: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// Job is a job for this source.
func (s *Server) Job() job.Job {
	return job.Job{
		CloneID: "acme", Generation: 7, SourceURL: s.URL, KeyID: KeyID, JobKey: JobKey, ExpiresAt: 1 << 40,
		PublicURL: "https://acme.clones.test", AllowPrivateSource: true,
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	endpoint := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if name := r.URL.Query().Get("custom_migrator"); name != "" {
		endpoint = name
	}
	body, err := io.ReadAll(r.Body)
	nonce := r.Header.Get("X-CM-Nonce")
	if err != nil || r.Method != http.MethodPost || !s.authentic(r, endpoint, body, nonce) {
		http.NotFound(w, r)
		return
	}
	request := Request{Endpoint: endpoint, nonce: nonce, gone: r.Context().Done()}
	if err := json.Unmarshal(body, &request.Body); err != nil {
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.counts[endpoint]++
	request.Number = s.counts[endpoint]
	s.Requests = append(s.Requests, request)
	s.mu.Unlock()
	if s.Wrap != nil {
		if w = s.Wrap(request, w); w == nil {
			return
		}
	}
	s.answer(request, NewAnswer(w, nonce, endpoint))
}

func (s *Server) authentic(r *http.Request, endpoint string, body []byte, nonce string) bool {
	key, _ := hex.DecodeString(JobKey)
	mac := hmac.New(sha256.New, key)
	digest := sha256.Sum256(body)
	fmt.Fprintf(mac, "custom-migrator-request-v1\n%s\n%s\n\n%x\n%s\n%s", r.Method, endpoint, digest, r.Header.Get("X-CM-Time"), nonce)
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := !s.nonces[nonce]
	s.nonces[nonce] = true
	return fresh && len(nonce) == 32 && r.Header.Get("X-CM-Key") == KeyID && r.Header.Get("X-CM-Job") == fmt.Sprintf("acme.7.%d", 1<<40) &&
		r.Header.Get("X-CM-Signature") == hex.EncodeToString(mac.Sum(nil))
}

// Answer writes frames.
type Answer struct {
	w   io.Writer
	mac hash.Hash
}

// NewAnswer begins an answer with the magic.
func NewAnswer(w io.Writer, nonce, endpoint string) *Answer {
	key, _ := hex.DecodeString(JobKey)
	a := &Answer{w, hmac.New(sha256.New, key)}
	fmt.Fprintf(a.mac, "custom-migrator-answer-v1\n%s\n%s\n", nonce, endpoint)
	_, _ = w.Write([]byte("\x89CMA1\r\n\x1a\n"))
	return a
}

// Frame writes a J, D or K frame.
func (a *Answer) Frame(kind byte, payload []byte) {
	a.digest(kind, payload)
	a.write(kind, payload)
}

// Signed writes a C or E frame.
func (a *Answer) Signed(kind byte, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	a.digest(kind, text)
	a.write(kind, append(a.mac.Sum(nil), text...))
}

// JSON writes a J frame.
func (a *Answer) JSON(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	a.Frame('J', text)
}

func (a *Answer) digest(kind byte, payload []byte) {
	d := sha256.Sum256(append([]byte{kind}, payload...))
	a.mac.Write(d[:])
}

func (a *Answer) write(kind byte, payload []byte) {
	var header [5]byte
	header[0] = kind
	binary.BigEndian.PutUint32(header[1:], uint32(len(payload)))
	_, _ = a.w.Write(header[:])
	_, _ = a.w.Write(payload)
}

// Cut passes n bytes on and then breaks the connection.
func Cut(w http.ResponseWriter, n int) http.ResponseWriter { return &cutter{w, n} }

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	_, _ = c.ResponseWriter.Write(p[:n])
	if c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return len(p), nil
}

// Stall passes n bytes on and then sends nothing more until the client goes away.
func Stall(r Request, w http.ResponseWriter, n int) http.ResponseWriter {
	return &staller{w, r.gone, n}
}

type staller struct {
	http.ResponseWriter
	gone <-chan struct{}
	left int
}

func (s *staller) Write(p []byte) (int, error) {
	n := min(len(p), s.left)
	s.left -= n
	_, _ = s.ResponseWriter.Write(p[:n])
	if s.left == 0 {
		s.ResponseWriter.(http.Flusher).Flush()
		<-s.gone
		panic(http.ErrAbortHandler)
	}
	return len(p), nil
}

// Flip inverts one bit of the answer's byte at an offset.
func Flip(w http.ResponseWriter, at int) http.ResponseWriter { return &flipper{w, at} }

type flipper struct {
	http.ResponseWriter
	at int
}

func (f *flipper) Write(p []byte) (int, error) {
	if f.at >= 0 && f.at < len(p) {
		p = bytes.Clone(p)
		p[f.at] ^= 1
	}
	f.at -= len(p)
	return f.ResponseWriter.Write(p)
}
