package database

import (
	"regexp"
	"strings"
)

// Target is what the clone's server knows.
type Target struct {
	MariaDB    bool
	collations map[string]bool
	bytewise   bool // collations that the server lacks become binary ones, in which no two texts are equal
}

// masked returns create with the content of quotes and comments in quotes blotted out, byte for byte, so that patterns
// see only the grammar.
func masked(create string) string {
	out := []byte(create)
	for i := 0; i < len(out); i++ {
		quote := out[i]
		if quote != '\'' && quote != '`' && quote != '"' {
			continue
		}
		for i++; i < len(out); i++ {
			if out[i] == quote {
				if i+1 >= len(out) || out[i+1] != quote {
					break
				}
				out[i] = '\x01'
				i++
			} else if out[i] == '\\' && quote != '`' && i+1 < len(out) {
				out[i] = '\x01'
				i++
			}
			out[i] = '\x01'
		}
	}
	return string(out)
}

// substitute replaces matches of a pattern in the grammar of create; change gets the original text of the groups.
func substitute(create string, pattern *regexp.Regexp, change func(groups []string) string) string {
	var out strings.Builder
	done := 0
	for _, m := range pattern.FindAllStringSubmatchIndex(masked(create), -1) {
		groups := make([]string, len(m)/2)
		for i := range groups {
			if m[2*i] >= 0 {
				groups[i] = create[m[2*i]:m[2*i+1]]
			}
		}
		out.WriteString(create[done:m[0]])
		out.WriteString(change(groups))
		done = m[1]
	}
	out.WriteString(create[done:])
	return out.String()
}

var (
	collate    = regexp.MustCompile(`(?i)(\bCOLLATE(?:\s*=\s*|\s+))(\w+)`)
	engine     = regexp.MustCompile(`(?i)\bENGINE\s*=\s*\w+`)
	definer    = regexp.MustCompile("(?i)\\bDEFINER\\s*=\\s*(?:`[^`]*`|'[^']*'|\\w+)(?:@(?:`[^`]*`|'[^']*'|[\\w.%]+))?\\s*")
	columnType = regexp.MustCompile("(?im)^(\\s*`\x01+`\\s+)(uuid|inet6|inet4|xmltype)\\b")
	textValue  = regexp.MustCompile("(?im)^(\\s*`\x01+`\\s+(?:tiny|medium|long)?(?:text|blob|json)\\b[^,\n]*?\\bDEFAULT\\s+)('\x01*')")
	// comments that are executed from some version on
	versioned = regexp.MustCompile(`(?s)/\*M?!(?:\d{5,6})?(.*?)\*/`)
	// what other servers and engines say of a column or key
	foreign = regexp.MustCompile(`(?i)\s+(?:COMPRESSED(?:\s*=\s*\w+)?|REF_SYSTEM_ID\s*=\s*\d+|WITHOUT\s+SYSTEM\s+VERSIONING|KEY_BLOCK_SIZE\s*=\s*\d+|CLUSTERING\s*=\s*\w+|` +
		`NOT\s+IGNORED|IGNORED)\b`)
	// the columns in which MariaDB keeps when a row was valid, or by which transactions
	rowTime    = regexp.MustCompile(`(?i)\b(timestamp|bigint)((?:\(\d+\))?(?:\s+UNSIGNED)?(?:\s+NOT\s+NULL)?)\s+GENERATED\s+ALWAYS\s+AS\s+ROW\s+(START|END)\b`)
	persistent = regexp.MustCompile(`(?i)(\)\s*)PERSISTENT\b`)
	parser     = regexp.MustCompile("(?i)\\s+(?:WITH\\s+PARSER\\s+(`\x01*`|\\w+)|SRID\\s+\\d+)")
	computed   = regexp.MustCompile(`(?i)\b(DEFAULT\s+)([a-z_]\w*)(\((?:[^()]|\([^()]*\))*\))`)
)

// replacementTypes stand for types that MySQL lacks; the source sends their cells as text.
var replacementTypes = map[string]string{"uuid": "char(36)", "inet6": "varchar(45)", "inet4": "varchar(15)", "xmltype": "longtext"}

// Adapt makes a definition of the source one that the clone's server takes: InnoDB, its own collations and types, none of
// the options that say where and how the source keeps its rows. What is left is checked word by word.
func (t *Target) Adapt(create, name string) (string, error) {
	create = substitute(create, versioned, func(g []string) string { return " " + g[1] + " " })
	create = t.AdaptCollations(create)
	end := bodyEnd(masked(create))
	body, tail := t.adaptBody(create[:end]), substitute(create[end:], engine, func([]string) string { return "ENGINE=InnoDB" })
	tokens, err := lex(tail)
	if err != nil {
		return "", err
	}
	options, err := tableOptions(tokens)
	if err != nil {
		return "", err
	}
	adapted := strings.TrimRight(body+" "+strings.Join(options, " "), " ")
	return adapted, allowedTable(adapted, name)
}

func (t *Target) adaptBody(body string) string {
	body = substitute(withoutPeriods(body), rowTime, func(g []string) string {
		return g[1] + g[2] + " DEFAULT " + rowTimes[strings.ToLower(g[1]+" "+g[3])]
	})
	body = substitute(body, foreign, func([]string) string { return "" })
	body = substitute(body, persistent, func(g []string) string { return g[1] + "STORED" })
	body = substitute(body, computed, func(g []string) string {
		if nowFunctions[strings.ToUpper(g[2])] {
			return g[0]
		}
		return g[1] + "(" + g[2] + g[3] + ")"
	})
	body = substitute(body, parser, func(g []string) string {
		if !t.MariaDB && (g[1] == "" || strings.EqualFold(strings.Trim(g[1], "`"), "ngram")) {
			return g[0]
		}
		return ""
	})
	if t.MariaDB {
		return body
	}
	body = substitute(body, columnType, func(g []string) string { return g[1] + replacementTypes[strings.ToLower(g[2])] })
	return substitute(body, textValue, func(g []string) string { return g[1] + "(" + g[2] + ")" })
}

// rowTimes are the times of rows that are valid, and stay so.
var rowTimes = map[string]string{
	"timestamp start": "CURRENT_TIMESTAMP(6)", "timestamp end": "'2038-01-19 03:14:07'", "bigint start": "0", "bigint end": "18446744073709551615",
}

// nowFunctions may be a column's default without parentheses around them.
var nowFunctions = set("CURRENT_TIMESTAMP NOW LOCALTIME LOCALTIMESTAMP")

// bodyEnd returns the offset after the parenthesis that closes the list of columns.
func bodyEnd(grammar string) int {
	depth := 0
	for i, c := range grammar {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(grammar)
}

// withoutDefiner drops DEFINER clauses, should the source have left one.
func withoutDefiner(create string) string {
	return substitute(create, definer, func([]string) string { return "" })
}

// Quote returns a name as an identifier.
func Quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
