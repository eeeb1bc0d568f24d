// Command clone-agent is PID 1 of both containers of a clone's pod, and the tool that talks to it.
package main

import (
	"fmt"
	"os"
)

const usage = `usage: clone-agent run wordpress|mysql
       clone-agent probe | status
       clone-agent verify --generation N
       clone-agent import --generation N   (job on stdin)
       clone-agent manifest DIR
       clone-agent baseline`

func main() {
	fmt.Fprintln(os.Stderr, usage)
	os.Exit(2)
}
