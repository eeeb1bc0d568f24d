package database

import "strings"

// tableOptions reads what follows the columns of a table and returns the options that the clone's keeps, as they are
// written in a statement. Partitions are left behind: they say where rows lie, and on which disk.
func tableOptions(tokens []token) (kept []string, err error) {
	for i := 0; i < len(tokens); {
		switch t := tokens[i]; {
		case t.is("PARTITION"):
			return kept, nil
		case t.is(",", "DEFAULT"):
			i++
			continue
		case t.is("WITH") && i+2 < len(tokens) && tokens[i+1].is("SYSTEM") && tokens[i+2].is("VERSIONING"):
			i += 3
			continue
		case t.kind == word && i+1 < len(tokens):
		case (t.kind == identifier || t.kind == literal) && i+1 < len(tokens) && tokens[i+1].is("="): // an option of MariaDB's engines
		default:
			return nil, unexpected("%.50q after the columns", t.text)
		}
		name, value, behind, err := option(tokens, i)
		if err != nil {
			return nil, err
		}
		switch {
		case !keptOptions[name]:
		case name == "ENGINE" && !engines[strings.ToUpper(value)]:
			return nil, unexpected("the engine %.50s", value)
		case name == "CHARSET":
			kept = append(kept, "DEFAULT CHARSET="+value)
		default:
			kept = append(kept, name+"="+value)
		}
		i = behind
	}
	return kept, nil
}

// flags are options of two words, or without a sign before their value.
var twoWords = map[string]string{"CHARACTER": "SET", "DATA": "DIRECTORY", "INDEX": "DIRECTORY"}

// option reads one option: its name in capitals, its value as written, and the index behind it.
func option(tokens []token, at int) (name, value string, behind int, err error) {
	name = strings.ToUpper(tokens[at].text)
	i := at + 1
	if second, found := twoWords[name]; found {
		if !tokens[i].is(second) {
			return "", "", 0, unexpected("%.50s after the columns", tokens[at].text)
		}
		if i++; name == "CHARACTER" {
			name = "CHARSET"
		}
	}
	sign := i < len(tokens) && tokens[i].is("=")
	if sign {
		i++
	}
	switch {
	case i >= len(tokens), !sign && !known(name):
		return "", "", 0, unexpected("%.50s after the columns", tokens[at].text)
	case tokens[i].is("(") && name == "UNION":
		end, err := closing(tokens, i)
		return name, "", end + 1, err
	case tokens[i].kind == punctuation:
		return "", "", 0, unexpected("%q in the place of a value", tokens[i].text)
	}
	value = tokens[i].text
	if tokens[i].kind == identifier {
		value = Quote(value)
	}
	return name, value, i + 1, nil
}

// known are options that may be written without a sign.
func known(name string) bool {
	return keptOptions[name] || name == "TABLESPACE" || name == "DATA" || name == "INDEX"
}
