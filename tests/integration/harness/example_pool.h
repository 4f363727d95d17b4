#pragma once

#include <string>

#include "common/kube/client.h"

namespace berth::harness {

/// Makes, in namespace `ns`, the load balancer "nginx" with the address 127.0.0.1 and the pool
/// "edge" of it: TCP and UDP ports 20000 to 20099 by the ConfigMaps "tcp" and "udp". Fails the test
/// if it cannot.
void MakeExamplePool(kube::Client& client, const std::string& ns);

}  // namespace berth::harness
