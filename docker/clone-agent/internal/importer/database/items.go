package database

import "strings"

// items are the columns, keys and constraints of a definition: each one's text, and its tokens.
type items struct {
	statement string
	tokens    []token
	end       int // index of the parenthesis that closes them
	all       [][]token
}

// itemsOf cuts a definition that begins with CREATE TABLE `name` ( into its items.
func itemsOf(statement string) (*items, error) {
	tokens, err := lex(statement)
	if err != nil {
		return nil, err
	}
	if len(tokens) < 4 {
		return nil, unexpected("it ends before its columns")
	}
	i := &items{statement: statement, tokens: tokens}
	if i.end, err = closing(tokens, 3); err != nil {
		return nil, err
	}
	for begin := 4; begin < i.end; {
		stop, err := itemEnd(tokens, begin, i.end)
		if err != nil {
			return nil, err
		}
		if stop == begin {
			return nil, unexpected("an empty item")
		}
		i.all = append(i.all, tokens[begin:stop])
		begin = stop + 1
	}
	return i, nil
}

// text is an item as it is written.
func (i *items) text(item []token) string { return i.statement[item[0].start:item[len(item)-1].end] }

// without returns the definition without some of its items, and the text of those.
func (i *items) without(drop func(item []token) bool) (left string, dropped []string) {
	var kept []string
	for _, item := range i.all {
		if drop(item) {
			dropped = append(dropped, i.text(item))
		} else {
			kept = append(kept, i.text(item))
		}
	}
	if len(dropped) == 0 {
		return i.statement, nil
	}
	return i.statement[:i.tokens[3].end] + "\n  " + strings.Join(kept, ",\n  ") + "\n" + i.statement[i.tokens[i.end].start:], dropped
}

// withoutConstraints returns a definition without its foreign keys and checks.
func withoutConstraints(statement string) string {
	return withoutItems(statement, func(item []token) bool { return item[0].is("CONSTRAINT", "FOREIGN", "CHECK") })
}

// withoutPeriods drops what MariaDB says of the columns that hold a row's time.
func withoutPeriods(statement string) string {
	return withoutItems(statement, func(item []token) bool { return item[0].is("PERIOD") && len(item) > 1 && item[1].is("FOR") })
}

// withoutItems leaves a definition that cannot be read as it is: it is refused by its words.
func withoutItems(statement string, drop func(item []token) bool) string {
	i, err := itemsOf(statement)
	if err != nil {
		return statement
	}
	left, _ := i.without(drop)
	return left
}

// withoutKeys returns a definition without those of its keys that no row needs, and the keys as they are written.
func withoutKeys(statement string) (left string, keys []string) {
	i, err := itemsOf(statement)
	if err != nil {
		return statement, nil
	}
	counting := ""
	for _, item := range i.all {
		for _, t := range item {
			if item[0].kind == identifier && t.is("AUTO_INCREMENT") {
				counting = item[0].text
			}
		}
	}
	return i.without(func(item []token) bool {
		return item[0].is("UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "VECTOR") && (counting == "" || firstColumn(item) != counting)
	})
}

// firstColumn is what a key begins with.
func firstColumn(key []token) string {
	for i, t := range key[:len(key)-1] {
		if t.is("(") {
			return key[i+1].text
		}
	}
	return ""
}
