// Package main is etcd's server. The module's own main package cannot be built with `go install`,
// because its go.mod carries replace directives.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
