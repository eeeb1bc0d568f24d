package rows

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"clonepool.dev/clone-agent/internal/importer/source"
)

// treatment says what the rewriter does with a column.
type treatment int

const (
	copyCell treatment = iota
	rewriteText
	rewriteBinary
)

// Column is one column of a row stream.
type Column struct {
	Name      string
	Kind      string
	treatment treatment
	limit     int  // most bytes or characters that fit
	inRunes   bool // limit counts characters
}

// Header is the JSON object before the rows.
type Header struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Kinds   []string `json:"kinds"`
}

// Columns combines what the stream says of itself with the table's definition.
func Columns(header Header, table source.Table) ([]Column, error) {
	if len(header.Columns) == 0 || len(header.Columns) != len(header.Kinds) {
		return nil, fmt.Errorf("%w: %d columns of %d kinds", ErrMalformed, len(header.Columns), len(header.Kinds))
	}
	defined := map[string]source.Column{}
	for _, c := range table.Columns {
		defined[c.Name] = c
	}
	columns := make([]Column, len(header.Columns))
	for i, name := range header.Columns {
		definition, ok := defined[name]
		if !ok {
			return nil, fmt.Errorf("%w: column %s is not in the table's definition", ErrMalformed, name)
		}
		c := Column{Name: name, Kind: header.Kinds[i], limit: math.MaxInt}
		c.treatment = treatmentOf(table.Name, c, definition)
		c.limit, c.inRunes = limitOf(definition)
		columns[i] = c
	}
	return columns, nil
}

// untouched are columns that identify: changing them breaks feeds (guid), logins and mail.
var untouched = map[string]string{
	"guid": "posts", "user_login": "users", "user_pass": "users", "user_email": "users", "user_activation_key": "users",
	"comment_author_email": "comments",
}

func treatmentOf(table string, c Column, definition source.Column) treatment {
	if suffix, ok := untouched[c.Name]; ok && strings.HasSuffix(table, suffix) {
		return copyCell
	}
	if definition.DataType == "enum" || definition.DataType == "set" {
		return copyCell // the definition lists what a cell may say
	}
	switch c.Kind {
	case source.KindText, source.KindJSON, source.KindOther:
		if wide(definition.Charset) {
			return copyCell
		}
		return rewriteText
	case source.KindBinary:
		return rewriteBinary
	}
	return copyCell
}

// wide says whether ASCII takes more than a byte in a charset.
func wide(charset string) bool {
	return charset == "ucs2" || strings.HasPrefix(charset, "utf16") || charset == "utf32"
}

var sized = regexp.MustCompile(`^(?:var)?(char|binary)\((\d+)\)`)

// limitOf returns how much a column holds; MySQL would cut the rest off.
func limitOf(c source.Column) (limit int, inRunes bool) {
	if m := sized.FindStringSubmatch(strings.ToLower(c.Type)); m != nil {
		n, _ := strconv.Atoi(m[2]) // digits, by the pattern
		return n, m[1] == "char" && strings.HasPrefix(c.Charset, "utf8")
	}
	switch c.DataType {
	case "tinytext", "tinyblob":
		return math.MaxUint8, false
	case "text", "blob":
		return math.MaxUint16, false
	case "mediumtext", "mediumblob":
		return 1<<24 - 1, false
	}
	return math.MaxInt, false
}

func (c *Column) fits(cell []byte) bool {
	if len(cell) <= c.limit {
		return true
	}
	return c.inRunes && utf8.RuneCount(cell) <= c.limit
}
