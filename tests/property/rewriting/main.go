// Command rewriter rewrites cells for tests/property: one line each way for a cell, in base64.
//
// It is no part of the agent's sources, so that a change of it changes no image: test_rewriter.py overlays it.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
	"slices"

	"clonepool.dev/clone-agent/internal/rewrite"
)

type question struct {
	Cell   []byte `json:"cell"`
	Binary bool   `json:"binary"`
}

type answer struct {
	Cell    []byte   `json:"cell"`
	Kind    string   `json:"kind"`
	Reasons []string `json:"reasons"`
}

func main() {
	var mapping rewrite.Mapping
	if err := json.Unmarshal([]byte(os.Args[1]), &mapping); err != nil {
		log.Fatal(err)
	}
	rewriter, err := rewrite.New(mapping)
	if err != nil {
		log.Fatal(err)
	}
	in, out := json.NewDecoder(os.Stdin), bufio.NewWriter(os.Stdout)
	for {
		var asked question
		if err := in.Decode(&asked); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(out).Encode(rewritten(rewriter.Fork(), asked)); err != nil {
			log.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
}

func rewritten(rewriter *rewrite.Rewriter, asked question) answer {
	said := answer{Reasons: []string{}}
	if asked.Binary {
		said.Cell, _ = rewriter.Binary([]byte{}, asked.Cell)
	} else {
		said.Cell, _ = rewriter.Cell([]byte{}, asked.Cell)
	}
	stats := rewriter.Stats()
	for kind := range stats.Rewritten {
		said.Kind = kind
	}
	for reason := range stats.NotRewritten {
		said.Reasons = append(said.Reasons, reason)
	}
	slices.Sort(said.Reasons)
	return said
}
