package database

import (
	"regexp"
	"strings"
)

// AdaptCollations replaces the collations that the server lacks.
func (t *Target) AdaptCollations(create string) string {
	return substitute(create, collate, func(g []string) string { return g[1] + t.collation(g[2]) })
}

// collation returns name, or the nearest that the server has: same charset, same sensitivity.
func (t *Target) collation(name string) string {
	if t.collations[name] {
		return name
	}
	lower := strings.ToLower(strings.Replace(name, "nopad_", "", 1))
	charset, rest, _ := strings.Cut(lower, "_")
	if charset == "uca1400" { // MariaDB's short form, of utf8mb4
		charset, rest = "utf8mb4", lower
	}
	sensitivity := "ai_ci"
	if i := strings.LastIndex(rest, "_a"); i >= 0 {
		sensitivity = rest[i+1:]
	}
	if t.bytewise {
		lower = charset + "_bin"
	}
	candidates := append([]string{lower}, ofLanguage(charset, rest, sensitivity)...)
	switch charset { // the same charset under its two names
	case "utf8":
		charset = "utf8mb3"
		candidates = append(candidates, charset+"_"+rest)
	case "utf8mb3":
		candidates = append(candidates, "utf8_"+rest)
	}
	if strings.HasSuffix(rest, "_cs") {
		candidates = append(candidates, charset+"_0900_as_cs", charset+"_uca1400_as_cs", charset+"_bin")
	}
	candidates = append(candidates, charset+"_0900_"+sensitivity, charset+"_uca1400_"+sensitivity, charset+"_0900_ai_ci",
		charset+"_unicode_520_ci", charset+"_unicode_ci", charset+"_general_ci", charset+"_bin")
	for _, candidate := range candidates {
		if t.collations[candidate] {
			return candidate
		}
	}
	return "utf8mb4_unicode_520_ci"
}

// languages by the codes of MySQL's 0900 collations; MariaDB's uca1400 and the older ones of both have their names. In a
// collation of no language letters would be equal that the source's unique keys tell apart.
var languages = map[string]string{
	"cs": "czech", "da": "danish", "de_pb": "german2", "eo": "esperanto", "es": "spanish", "es_trad": "spanish2", "et": "estonian",
	"hr": "croatian", "hu": "hungarian", "is": "icelandic", "la": "roman", "lt": "lithuanian", "lv": "latvian", "pl": "polish",
	"ro": "romanian", "sk": "slovak", "sl": "slovenian", "sv": "swedish", "tr": "turkish", "vi": "vietnamese",
}

var (
	ofMariaDB = regexp.MustCompile(`^uca1400_([a-z0-9]+)_a[is]_c[is]$`)
	ofMySQL   = regexp.MustCompile(`^([a-z_]+)_0900_a[is]_c[is]$`)
)

// ofLanguage lists the other names of a language's collation.
func ofLanguage(charset, rest, sensitivity string) (names []string) {
	language := ""
	if m := ofMariaDB.FindStringSubmatch(rest); m != nil {
		language = m[1]
	} else if m := ofMySQL.FindStringSubmatch(rest); m != nil {
		language = languages[m[1]]
	}
	if language == "" {
		return nil
	}
	for code, name := range languages {
		if name == language {
			names = append(names, charset+"_"+code+"_0900_"+sensitivity)
		}
	}
	return append(names, charset+"_uca1400_"+language+"_"+sensitivity, charset+"_"+language+"_ci")
}
