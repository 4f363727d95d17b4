module berth.local/third_party/metallb

go 1.26.0

require go.universe.tf/metallb v0.16.2

// The controller only needs the types of frr-k8s to compile; the speaker, which uses them, is not
// built here. The stub holds just those types.
replace github.com/metallb/frr-k8s => ./frr-k8s-stub
