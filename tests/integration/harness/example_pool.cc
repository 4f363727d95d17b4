#include "tests/integration/harness/example_pool.h"

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "gtest/gtest.h"

namespace berth::harness {

using kube::Json;

void MakeExamplePool(kube::Client& client, const std::string& ns) {
  Json service = kube::NewObject(kube::kServices, {ns, "nginx"});
  service["spec"] = {{"type", "LoadBalancer"},
                     {"allocateLoadBalancerNodePorts", false},
                     {"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
  absl::StatusOr<Json> created = client.Create(kube::kServices, service);
  ASSERT_TRUE(created.ok()) << created.status();
  (*created)["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", "127.0.0.1"}}});
  EXPECT_TRUE(client.UpdateStatus(kube::kServices, *created).ok());
  Json pool = kube::NewObject(kube::kPortPools, {ns, "edge"});
  pool["spec"] = {
      {"driver", "configmap"},
      {"loadBalancers", Json::array({{{"kind", "Service"}, {"namespace", ns}, {"name", "nginx"}}})},
      {"portRange", {{"first", 20000}, {"last", 20099}}},
      {"configmap",
       {{"tcpServices", {{"namespace", ns}, {"name", "tcp"}}},
        {"udpServices", {{"namespace", ns}, {"name", "udp"}}}}}};
  EXPECT_TRUE(client.Create(kube::kPortPools, pool).ok());
}

}  // namespace berth::harness
