package mysqlctl

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"clonepool.dev/clone-agent/internal/secretwatch"
)

// writeInitFile writes the statements that give both accounts this generation's passwords. Readable by mysqld's user only.
func writeInitFile(path string, secret secretwatch.Secret) error {
	if secret.RootPassword == "" {
		return errors.New("the mounted Secret has no root-password")
	}
	var text strings.Builder
	for _, a := range []struct{ account, password string }{
		{"'wordpress'@'127.0.0.1'", secret.DBPassword},
		{"'root'@'localhost'", secret.RootPassword},
	} {
		quoted, err := quote(a.password)
		if err != nil {
			return fmt.Errorf("password of %s: %w", a.account, err)
		}
		fmt.Fprintf(&text, "ALTER USER %s IDENTIFIED BY %s;\n", a.account, quoted)
	}
	if err := removeStale(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text.String())
	return errors.Join(err, f.Close())
}

// quote makes an SQL string. An init-file holds one statement a line and is read in the server's character set, so that
// only printable ASCII can be trusted to arrive unchanged.
func quote(text string) (string, error) {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return "", errors.New("must be printable ASCII")
		}
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'", nil
}
