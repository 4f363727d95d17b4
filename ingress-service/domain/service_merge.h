#pragma once

#include <map>
#include <string>

#include "common/kube/json.h"
#include "ingress-service/domain/entries.h"

namespace berth::ingress {

/// Computes the ports of a load balancer's Service and its berth.dev/owned. Every port that is not
/// Berth's stays as it was read, in its place.
///
/// Berth's ports have a numeric targetPort equal to the port (a named one would need a
/// containerPort in the controller's pod template, and so a rollout), and a name that follows from
/// protocol and port ("b-tcp-20001"), with a number behind it only if a foreign port has that name.
/// What the API server added, such as nodePort, stays.
Merged MergeService(const kube::Json& service, const EntryWishes& wishes, MergeScope scope);

/// Others' ports, by what a status would record of them.
std::map<PortKey, std::string> ForeignPorts(const kube::Json& service, const EntryWishes& wishes);

}  // namespace berth::ingress
