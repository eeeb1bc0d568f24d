package database

import (
	"errors"
	"fmt"
	"strings"
)

// tokenKind tells the tokens of a statement apart.
type tokenKind int

const (
	word        tokenKind = iota // unquoted
	identifier                   // in backquotes; text is what is in them
	literal                      // text in quotes, as written
	number                       //
	punctuation                  // one byte
)

// token is one token of a statement, at its offsets.
type token struct {
	kind       tokenKind
	text       string
	start, end int
}

// is says whether the token is one of the given words or signs; words must be in capitals.
func (t token) is(texts ...string) bool {
	if t.kind != word && t.kind != punctuation {
		return false
	}
	for _, text := range texts {
		if strings.EqualFold(t.text, text) {
			return true
		}
	}
	return false
}

// errStatement: a statement is not one that a server prints of a table or view.
var errStatement = errors.New("is not what a server prints")

// errUnknown: a statement is one of a table, in words that nobody here knows. It is not executed; the table is done without.
var errUnknown = fmt.Errorf("%w (or of a newer server)", errStatement)

func unknown(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUnknown, fmt.Sprintf(format, args...))
}

func unexpected(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errStatement, fmt.Sprintf(format, args...))
}

// lex cuts a statement into tokens as MySQL does under the import's sql_mode. What ends a statement, hides a part of it
// from other readers or reaches beyond it (semicolons, comments, variables) is refused.
func lex(statement string) ([]token, error) {
	var out []token
	for at := 0; at < len(statement); {
		c := statement[at]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			at++
			continue
		}
		t, err := next(statement, at)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		at = t.end
	}
	return out, nil
}

func next(s string, at int) (token, error) {
	c := s[at]
	switch {
	case c == '`' || c == '\'' || c == '"':
		return quoted(s, at)
	case wordByte(c):
		end := at + 1
		for end < len(s) && wordByte(s[end]) {
			end++
		}
		kind := word
		if c >= '0' && c <= '9' {
			kind = number
		}
		return token{kind, s[at:end], at, end}, nil
	case strings.HasPrefix(s[at:], "/*"), c == '#', c == ';', c == '@', c == '\\', c < ' ', c >= 0x7f,
		strings.HasPrefix(s[at:], "--") && (at+2 == len(s) || s[at+2] <= ' '):
		return token{}, unexpected("%q at byte %d", s[at:min(at+2, len(s))], at)
	}
	return token{punctuation, s[at : at+1], at, at + 1}, nil
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// quoted reads a name or a text. A doubled quote is one of its characters, and so is what follows a backslash in a text.
func quoted(s string, at int) (token, error) {
	quote := s[at]
	for end := at + 1; end < len(s); end++ {
		switch {
		case s[end] == '\\' && quote != '`':
			end++
		case s[end] != quote:
		case end+1 < len(s) && s[end+1] == quote:
			end++
		case quote == '`':
			return token{identifier, strings.ReplaceAll(s[at+1:end], "``", "`"), at, end + 1}, nil
		default:
			return token{literal, s[at : end+1], at, end + 1}, nil
		}
	}
	return token{}, unexpected("the quote at byte %d is not closed", at)
}

// closing returns the index of the parenthesis that closes the one at open.
func closing(tokens []token, open int) (int, error) {
	depth := 0
	for i := open; i < len(tokens); i++ {
		switch {
		case tokens[i].is("("):
			depth++
		case tokens[i].is(")"):
			if depth--; depth == 0 {
				return i, nil
			}
		}
	}
	return 0, unexpected("a parenthesis is not closed")
}
