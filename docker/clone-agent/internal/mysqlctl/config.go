package mysqlctl

import (
	"fmt"
	"os"
	"strings"
)

// SocketPath reads from my.cnf where the server's socket lies.
func SocketPath(config string) (string, error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && section == "mysqld" && strings.TrimSpace(key) == "socket" {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%s: section [mysqld] names no socket", config)
}
