package database

import (
	"errors"
	"strings"
	"unicode/utf8"

	"clonepool.dev/clone-agent/internal/importer/failure"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/job"
)

// Bounds on what a source may define.
const (
	maxName    = 64 // characters, of MySQL
	maxColumns = 4096
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// The words that may stand in a definition, by where they stand. What a server prints needs no others.
var (
	types = set("TINYINT SMALLINT MEDIUMINT INT INTEGER BIGINT DECIMAL NUMERIC DEC FIXED FLOAT DOUBLE REAL BIT BOOL BOOLEAN DATE TIME DATETIME TIMESTAMP YEAR" +
		" CHAR VARCHAR BINARY VARBINARY TINYBLOB BLOB MEDIUMBLOB LONGBLOB TINYTEXT TEXT MEDIUMTEXT LONGTEXT ENUM SET JSON VECTOR UUID INET4 INET6" +
		" GEOMETRY POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION GEOMCOLLECTION")
	columnWords = set("NOT NULL DEFAULT AUTO_INCREMENT COMMENT COLLATE CHARACTER SET CHARSET UNSIGNED ZEROFILL SIGNED BINARY PRECISION ON UPDATE" +
		" CURRENT_TIMESTAMP GENERATED ALWAYS AS VIRTUAL STORED INVISIBLE VISIBLE UNIQUE PRIMARY KEY CHECK CONSTRAINT ENFORCED" +
		" COLUMN_FORMAT FIXED DYNAMIC STORAGE DISK MEMORY SRID TRUE FALSE")
	keyWords = set("PRIMARY UNIQUE KEY INDEX FULLTEXT SPATIAL CONSTRAINT FOREIGN REFERENCES CHECK NOT ENFORCED ON DELETE UPDATE CASCADE RESTRICT SET NULL" +
		" DEFAULT NO ACTION MATCH FULL PARTIAL SIMPLE USING BTREE HASH RTREE COMMENT VISIBLE INVISIBLE WITH PARSER VECTOR COSINE EUCLIDEAN")
	keyBeginnings = set("PRIMARY UNIQUE KEY INDEX FULLTEXT SPATIAL VECTOR CONSTRAINT FOREIGN CHECK")
	// never in an expression: what reads other tables or files, waits, or locks
	forbidden = set("SELECT INTO OUTFILE DUMPFILE LOAD_FILE SLEEP BENCHMARK GET_LOCK RELEASE_LOCK RELEASE_ALL_LOCKS IS_FREE_LOCK IS_USED_LOCK" +
		" MASTER_POS_WAIT SOURCE_POS_WAIT WAIT_FOR_EXECUTED_GTID_SET MASTER_GTID_WAIT PROCEDURE")
	// options of a table that the clone's keeps; others that are printed as "name = value" are left behind
	keptOptions = set("ENGINE AUTO_INCREMENT CHARSET COLLATE COMMENT STATS_PERSISTENT STATS_AUTO_RECALC STATS_SAMPLE_PAGES MAX_ROWS MIN_ROWS AVG_ROW_LENGTH")
	engines     = set("INNODB MYISAM")
)

// Check refuses lists of definitions that no site has: twice the same name, or one that is none.
func Check(tables []source.Table) error {
	seen := map[string]bool{}
	for _, t := range tables {
		switch {
		case !validName(t.Name):
			return failure.New(job.SourceInvalid, "a table cannot be named %.100q", t.Name)
		case seen[t.Name]:
			return failure.New(job.SourceInvalid, "the source defines %s twice", t.Name)
		case t.Type != "table" && t.Type != "view":
			return failure.New(job.SourceInvalid, "%s is said to be a %.20q, neither table nor view", t.Name, t.Type)
		case len(t.Columns) > maxColumns:
			return failure.New(job.SourceInvalid, "%s is said to have %d columns", t.Name, len(t.Columns))
		}
		seen[t.Name] = true
	}
	return nil
}

func validName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName && !strings.ContainsRune(name, 0) && !strings.HasSuffix(name, " ")
}

// allowedTable checks a definition, as it is about to be executed, word by word.
func allowedTable(statement, name string) error {
	tokens, err := lex(statement)
	if err != nil {
		return err
	}
	if len(tokens) < 5 || !tokens[0].is("CREATE") || !tokens[1].is("TABLE") || tokens[2].kind != identifier || !tokens[3].is("(") {
		return unexpected("it does not begin with CREATE TABLE `name` (")
	}
	if tokens[2].text != name {
		return unexpected("it defines %.100q", tokens[2].text)
	}
	end, err := closing(tokens, 3)
	if err != nil {
		return err
	}
	for begin := 4; begin < end; {
		stop, err := itemEnd(tokens, begin, end)
		if err == nil {
			err = allowedItem(tokens[begin:stop])
		}
		if err != nil {
			return err
		}
		begin = stop + 1
	}
	_, err = tableOptions(tokens[end+1:])
	return err
}

// itemEnd returns the index of the comma, or of the end, behind the item of a list that begins at begin.
func itemEnd(tokens []token, begin, end int) (int, error) {
	for i := begin; i < end; i++ {
		switch {
		case tokens[i].is(","):
			return i, nil
		case tokens[i].is("("):
			behind, err := closing(tokens, i)
			if err != nil {
				return 0, err
			}
			i = behind
		}
	}
	return end, nil
}

// allowedItem checks the definition of one column, key or constraint.
func allowedItem(item []token) error {
	switch {
	case len(item) >= 2 && item[0].kind == identifier && item[1].kind == word:
		if !types[strings.ToUpper(item[1].text)] {
			return unknown("a column of the type %.50s", item[1].text)
		}
		return allowedWords(item[2:], columnWords)
	case len(item) >= 2 && item[0].kind == word && keyBeginnings[strings.ToUpper(item[0].text)]:
		return allowedWords(item, keyWords)
	}
	return unknown("an item that is neither column nor key")
}

func allowedWords(tokens []token, words map[string]bool) error {
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.is("("):
			end, err := closing(tokens, i)
			if err == nil {
				err = allowedExpression(tokens[i:end])
			}
			if err != nil {
				return err
			}
			i = end
		case t.kind == punctuation && !t.is("-", "+", ".", "="):
			return unexpected("a %q", t.text)
		case t.kind != word, words[strings.ToUpper(t.text)]:
		case i > 0 && tokens[i-1].is("COLLATE", "SET", "CHARSET"): // the name of a charset or collation
		case i+1 < len(tokens) && tokens[i+1].kind == literal && (t.text[0] == '_' || len(t.text) == 1): // _utf8mb4'...', b'...'
		case forbidden[strings.ToUpper(t.text)]:
			return unexpected("the word %.50s", t.text)
		default:
			return unknown("the word %.50s", t.text)
		}
	}
	return nil
}

func allowedExpression(tokens []token) error {
	for _, t := range tokens {
		if t.kind == word && forbidden[strings.ToUpper(t.text)] {
			return unexpected("%.50s in an expression", t.text)
		}
	}
	return nil
}

// allowedView checks the definition of a view: one SELECT and nothing else.
func allowedView(statement, name string) error {
	tokens, err := lex(statement)
	if err != nil {
		return err
	}
	if len(tokens) == 0 || !tokens[0].is("CREATE") {
		return unexpected("it does not begin with CREATE")
	}
	i := 1
	for ; i < len(tokens) && !tokens[i].is("VIEW"); i++ {
		if !tokens[i].is("ALGORITHM", "=", "UNDEFINED", "MERGE", "TEMPTABLE", "SQL", "SECURITY", "DEFINER", "INVOKER") {
			return unexpected("the word %.50s before VIEW", tokens[i].text)
		}
	}
	if i+3 >= len(tokens) || tokens[i+1].kind != identifier || tokens[i+1].text != name {
		return unexpected("it does not define a view of this name")
	}
	i += 2
	if tokens[i].is("(") { // names of columns
		end, err := closing(tokens, i)
		if err != nil {
			return err
		}
		i = end + 1
	}
	if i+1 >= len(tokens) || !tokens[i].is("AS") || !tokens[i+1].is("SELECT", "WITH", "(") {
		return unexpected("it is not a view of a SELECT")
	}
	for _, t := range tokens[i+1:] {
		if t.kind == word && forbidden[strings.ToUpper(t.text)] && !t.is("SELECT") {
			return unexpected("the word %.50s", t.text)
		}
	}
	return nil
}

// The words with which a trigger's statement may begin.
var triggerBeginnings = set("BEGIN SET IF CASE INSERT UPDATE DELETE REPLACE")

// allowedTrigger checks the parts of a trigger. Its statement runs with the rights of the site's own account, as all of
// the site's code does; what it must not be is another part of CREATE TRIGGER or another statement.
func allowedTrigger(t source.Trigger) error {
	statement := strings.TrimLeft(t.Statement, " \t\r\n")
	beginning := 0
	for beginning < len(statement) && wordByte(statement[beginning]) {
		beginning++
	}
	switch {
	case !validName(t.Name):
		return unexpected("its name")
	case t.Timing != "BEFORE" && t.Timing != "AFTER":
		return unexpected("its timing %.20q", t.Timing)
	case t.Event != "INSERT" && t.Event != "UPDATE" && t.Event != "DELETE":
		return unexpected("its event %.20q", t.Event)
	case !triggerBeginnings[strings.ToUpper(statement[:beginning])]:
		return unexpected("its statement begins with %.20q", statement[:beginning])
	}
	return nil
}

// refused gives the reason for which a definition is not executed its code.
func refused(kind, name string, err error) error {
	if errors.Is(err, errStatement) {
		return failure.New(job.SourceInvalid, "the definition of %s %s %w", kind, name, err)
	}
	return err
}
