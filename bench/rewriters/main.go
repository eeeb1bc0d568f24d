// Command rewriter feeds the rewriter one cell after the other, a line each: what bench/rewrite.py measures.
//
// It is no part of the agent's sources, so that a change of it changes no image: bench/rewrite.py overlays it.
package main

import (
	"bufio"
	"errors"
	"io"
	"log"
	"os"

	"clonepool.dev/clone-agent/internal/rewrite"
)

const bufferBytes = 64 << 10

func main() {
	rewriter, err := rewrite.New(rewrite.Mapping{Sources: []string{os.Args[1]}, Target: os.Args[2]})
	if err != nil {
		log.Fatal(err)
	}
	if err := run(rewriter, bufio.NewReaderSize(os.Stdin, bufferBytes), bufio.NewWriterSize(os.Stdout, bufferBytes)); err != nil {
		log.Fatal(err)
	}
}

func run(rewriter *rewrite.Rewriter, in *bufio.Reader, out *bufio.Writer) error {
	var cell, rewritten []byte
	for {
		line, err := in.ReadSlice('\n')
		cell = append(cell, line...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		rewritten, _ = rewriter.Cell(rewritten[:0], cell)
		if _, err := out.Write(rewritten); err != nil {
			return err
		}
		if err != nil {
			return out.Flush()
		}
		cell = cell[:0]
	}
}
