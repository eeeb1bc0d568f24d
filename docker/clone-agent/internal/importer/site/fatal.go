package site

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// maxReason bounds what a report says of an error.
const maxReason = 300

// Fatal is a PHP error that ended a request.
type Fatal struct {
	Reason string // one line, paths relative to the document root, without the stack
	Code   string // the plugin's or theme's file below wp-content that died or called what died; empty: none of theirs
}

func (f *Fatal) Error() string { return f.Reason }

// ParseFatal reads what the guard reports (PHP's error_get_last), or nothing if it reports none. Secrets are texts that no
// report may hold.
func ParseFatal(report []byte, docroot string, secrets ...string) *Fatal {
	var said struct {
		Message string `json:"message"`
		File    string `json:"file"`
		Line    int    `json:"line"`
	}
	if json.Unmarshal(report, &said) != nil || said.Message == "" {
		return nil
	}
	message, stack := splitStack(said.Message)
	if !strings.Contains(message, said.File) {
		message += fmt.Sprintf(" in %s:%d", said.File, said.Line)
	}
	return &Fatal{Reason: tidy(message, docroot, secrets), Code: extensionFile(docroot, append([]string{said.File}, stack...))}
}

// frame is a line of the stack that PHP prints into the message of an uncaught exception.
var frame = regexp.MustCompile(`(?m)^#\d+ (/.+?)\(\d+\): `)

// splitStack returns the message alone, and the files of the calls that led to it, the innermost first. Their arguments,
// which may be passwords, stay behind.
func splitStack(message string) (text string, files []string) {
	const mark = "\nStack trace:\n"
	text, _, _ = strings.Cut(message, mark)
	// Of a chain of exceptions the last one ended the request.
	for _, found := range frame.FindAllStringSubmatch(message[strings.LastIndex(message, mark)+1:], -1) {
		files = append(files, found[1])
	}
	return text, files
}

// extensionFile returns the first of the files that belongs to a plugin or theme, relative to wp-content.
func extensionFile(docroot string, files []string) string {
	for _, file := range files {
		inside, ok := strings.CutPrefix(path.Clean(file), strings.TrimRight(docroot, "/")+"/"+contentDir+"/")
		if !ok {
			continue
		}
		switch kind, name, _ := strings.Cut(inside, "/"); {
		case name == "":
		case kind == Plugins, kind == MustUse, kind == Themes:
			return inside
		}
	}
	return ""
}

func tidy(message, docroot string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	message = strings.ReplaceAll(message, strings.TrimRight(docroot, "/")+"/", "")
	message = strings.Join(strings.Fields(strings.ToValidUTF8(message, "?")), " ")
	return strings.ToValidUTF8(message[:min(len(message), maxReason)], "")
}
