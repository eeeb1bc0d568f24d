// Command attacker is what a hostile site brings along into its clone: attacks that PHP alone cannot make. The tests in
// test_attacks.py compile it, plant it in the document root, and have the site run it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// attacks take the rest of the command line and return what the test shall know, as JSON.
var attacks = map[string]func(args []string) any{
	"trace":   func(args []string) any { return trace(seconds(args)) },
	"govern":  func(args []string) any { return govern(args[0]) },
	"signal":  func(args []string) any { return signalInit(args) },
	"survive": func(args []string) any { return survive(args[0]) },
	"comet":   func(args []string) any { return comet(args) },
	"linger":  func(args []string) any { return linger() },
	"threads": func(args []string) any { return threads() },
	"bomb":    func(args []string) any { return bomb() },
	"crowd":   func(args []string) any { return crowd() },
	"pretend": func(args []string) any { return pretend() },
	"hoard":   func(args []string) any { return hoard() },
	"forge":   func(args []string) any { return forge() },
	"running": func(args []string) any { return running(args[0]) },
	"tree":    func(args []string) any { return tree() },
	"mark":    func(args []string) any { return markPlaces(args[0]) },
	"marked":  func(args []string) any { return markedPlaces() },
}

func main() {
	runtime.LockOSThread() // tracing is a thread's own affair
	name, args := "", []string{}
	if len(os.Args) > 1 {
		name, args = os.Args[1], os.Args[2:]
	}
	attack, known := attacks[name]
	if !known {
		fmt.Fprintln(os.Stderr, "no such attack:", strings.Join(os.Args[1:], " "))
		os.Exit(2)
	}
	_ = json.NewEncoder(os.Stdout).Encode(attack(args))
}
