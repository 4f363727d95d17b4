#include "tests/integration/port/port_harness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "common/grpc/channel.h"
#include "common/kube/errors.h"
#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"

namespace berth::port {
namespace {

using kube::Json;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kPatience{30};

void MustStart(const absl::Status& status) {
  if (!status.ok()) {
    fmt::print(stderr, "replica cannot start: {}\n", Describe(status));
    std::abort();
  }
}

}  // namespace

Replica::Replica(std::unique_ptr<kube::Client> client, const PortEngine::Options& options)
    : client_(std::move(client)),
      engine_(*client_, metrics_, options),
      server_({.listen = "127.0.0.1:0", .metrics_listen = "", .max_threads = 256}, metrics_),
      service_({.pools = engine_.pools(),
                .pool_store = engine_.pool_store(),
                .store = engine_.store(),
                .view = engine_.view(),
                .feed = engine_.feed(),
                .claimer = engine_.claimer(),
                .lifecycle = engine_.lifecycle(),
                .scanner = engine_.scanner(),
                .streams = server_.streams(),
                .metrics = metrics_}) {
  server_.Register(v1::PortService::service_full_name(), service_);
  MustStart(server_.Start());
  MustStart(engine_.Start(steady_clock::now() + kPatience));
  server_.SetServing(true);
  stub_ = v1::PortService::NewStub(
      rpc::CreateChannel({.target = fmt::format("ipv4:127.0.0.1:{}", server_.port())}));
}

Replica::~Replica() {
  stub_.reset();
  Drain();
}

void Replica::Drain() { server_.Drain(steady_clock::now() + seconds(5)); }

PortNamespace::PortNamespace() : PortNamespace(harness::ApiServer::Shared()) {}

PortNamespace::PortNamespace(harness::ApiServer& server)
    : client_(server.MakeClient()), ns_(server.MakeNamespace()) {}

void PortNamespace::MakeLoadBalancer(const std::string& name, const std::string& address) {
  Json service = kube::NewObject(kube::kServices, {ns_, name});
  service["spec"] = {{"type", "LoadBalancer"},
                     {"allocateLoadBalancerNodePorts", false},
                     {"ports", Json::array({{{"name", "https"}, {"port", 443}}})}};
  const auto created = client_->Create(kube::kServices, service);
  ASSERT_TRUE(created.ok()) << created.status();
  if (!address.empty()) {
    SetAddress(name, address);
  }
}

void PortNamespace::SetAddress(const std::string& service, const std::string& address) {
  Json ingress = Json::array();
  if (!address.empty()) {
    ingress.push_back({{"ip", address}});
  }
  const auto patched = client_->Patch(kube::kServices, {ns_, service},
                                      {{"status", {{"loadBalancer", {{"ingress", ingress}}}}}},
                                      {.subresource = "status"});
  ASSERT_TRUE(patched.ok()) << patched.status();
}

void PortNamespace::MakePool(const PoolSpec& spec) {
  Json pool = kube::NewObject(kube::kPortPools, {ns_, spec.name});
  pool["spec"] = {
      {"driver", "configmap"},
      {"loadBalancers",
       Json::array({{{"kind", "Service"}, {"namespace", ns_}, {"name", spec.service}}})},
      {"portRange", {{"first", spec.first}, {"last", spec.last}}},
      {"claimTtlSeconds", spec.claim_ttl_seconds},
      {"quarantineSeconds", spec.quarantine_seconds},
      {"configmap",
       {{"tcpServices", {{"namespace", ns_}, {"name", "tcp-services"}}},
        {"udpServices", {{"namespace", ns_}, {"name", "udp-services"}}}}}};
  if (!spec.quotas.is_null()) {
    pool["spec"]["quotas"] = spec.quotas;
  }
  const auto created = client_->Create(kube::kPortPools, pool);
  ASSERT_TRUE(created.ok()) << created.status();
}

void PortNamespace::MakeGateway(const std::string& name, const std::string& address) {
  Json gateway = kube::NewObject(kube::kGateways, {ns_, name});
  gateway["spec"] = {
      {"gatewayClassName", "test"},
      {"allowedListeners", {{"namespaces", {{"from", "All"}}}}},
      {"listeners", Json::array({{{"name", "http"}, {"port", 80}, {"protocol", "HTTP"}}})}};
  const auto created = client_->Create(kube::kGateways, gateway);
  ASSERT_TRUE(created.ok()) << created.status();
  SetGatewayStatus(name, {{"addresses", Json::array({{{"type", "IPAddress"}, {"value", address}}})},
                          {"conditions", Json::array({{{"type", "Programmed"},
                                                       {"status", "True"},
                                                       {"reason", "Programmed"},
                                                       {"observedGeneration", 1},
                                                       {"message", ""}}})}});
}

void PortNamespace::SetGatewayStatus(const std::string& name, const Json& status) {
  const auto patched =
      client_->Patch(kube::kGateways, {ns_, name}, {{"status", status}}, {.subresource = "status"});
  ASSERT_TRUE(patched.ok()) << patched.status();
}

void PortNamespace::MakeGatewayPool(const std::string& name, const std::string& gateway) {
  Json pool = kube::NewObject(kube::kPortPools, {ns_, name});
  pool["spec"] = {{"driver", "gateway-api"},
                  {"loadBalancers",
                   Json::array({{{"kind", "Gateway"}, {"namespace", ns_}, {"name", gateway}}})},
                  {"portRange", {{"first", 20000}, {"last", 20009}}},
                  {"quarantineSeconds", 0}};
  const auto created = client_->Create(kube::kPortPools, pool);
  ASSERT_TRUE(created.ok()) << created.status();
}

void PortNamespace::Change(const kube::Resource& resource, const std::string& name,
                           const std::function<void(Json& object)>& change) {
  absl::Status status;
  for (int i = 0; i < 10; ++i) {
    auto object = client_->Get(resource, {ns_, name});
    ASSERT_TRUE(object.ok()) << object.status();
    change(*object);
    status = client_->Update(resource, *object).status();
    if (!kube::IsConflict(status)) {
      break;
    }
  }
  ASSERT_TRUE(status.ok()) << status;
}

void PortNamespace::MakeConfigMap(const std::string& name, const Json& data) {
  Json object = kube::NewObject(kube::kConfigMaps, {ns_, name});
  object["data"] = data;
  const auto created = client_->Create(kube::kConfigMaps, object);
  ASSERT_TRUE(created.ok()) << created.status();
}

void PortNamespace::MakeRule(const std::string& claim, const std::string& claim_uid,
                             const std::string& pool_uid) {
  const auto name = pool::ClaimName::Parse(claim);
  ASSERT_TRUE(name.ok()) << name.status();
  Json rule = kube::NewObject(kube::kPortRules, {ns_, claim});
  rule["spec"] = {{"poolRef", {{"name", name->pool().value()}, {"uid", pool_uid}}},
                  {"protocol", pool::ToString(name->protocol())},
                  {"port", name->port().number()},
                  {"claimUid", claim_uid},
                  {"targetRef", {{"namespace", "shop"}, {"name", "web"}, {"port", 80}}}};
  const auto created = client_->Create(kube::kPortRules, rule);
  ASSERT_TRUE(created.ok()) << created.status();
}

void PortNamespace::Delete(const kube::Resource& resource, const std::string& name) {
  const absl::Status status = client_->Delete(resource, {ns_, name}, {});
  ASSERT_TRUE(status.ok()) << status;
}

Json PortNamespace::Get(const kube::Resource& resource, const std::string& name) {
  const auto object = client_->Get(resource, {ns_, name});
  EXPECT_TRUE(object.ok() || kube::IsNotFound(object.status())) << object.status();
  return object.ok() ? *object : Json();
}

std::vector<Json> PortNamespace::List(const kube::Resource& resource) {
  const auto list = client_->List(resource, ns_);
  EXPECT_TRUE(list.ok()) << list.status();
  return list.ok() ? list->items : std::vector<Json>();
}

std::string PortNamespace::StateOf(const std::string& claim) {
  const Json object = Get(kube::kPortClaims, claim);
  return object.is_null() ? "GONE" : kube::StringAt(object, {"spec", "state"});
}

std::string PortNamespace::ReadyOf(const std::string& pool) {
  const auto condition = kube::GetCondition(Get(kube::kPortPools, pool), "Ready");
  if (!condition.has_value()) {
    return "";
  }
  return (condition->status == kube::ConditionStatus::kTrue ? "True/" : "False/") +
         condition->reason;
}

v1::ClaimRequest ClaimFor(const std::string& request_id, int port) {
  v1::ClaimRequest request;
  request.set_pool("edge");
  request.set_owner("team-a/web");
  request.set_request_id(request_id);
  if (port != 0) {
    request.add_ports()->set_port(port);
  }
  return request;
}

v1::PortClaim MustClaim(v1::PortService::Stub& stub, const v1::ClaimRequest& request) {
  const auto response = CallClaim(stub, request);
  EXPECT_TRUE(response.ok()) << Describe(response.status());
  return response.ok() && response->claims_size() > 0 ? response->claims(0) : v1::PortClaim();
}

v1::PortClaim MustBind(v1::PortService::Stub& stub, const v1::PortClaim& claim) {
  const auto response = CallBind(stub, claim.name(), claim.uid());
  EXPECT_TRUE(response.ok()) << Describe(response.status());
  return response.ok() ? response->claim() : v1::PortClaim();
}

absl::StatusOr<v1::ClaimResponse> CallClaim(v1::PortService::Stub& stub,
                                            const v1::ClaimRequest& request) {
  return rpc::Call(stub, &v1::PortService::StubInterface::Claim, request);
}

absl::StatusOr<v1::BindClaimResponse> CallBind(v1::PortService::Stub& stub, const std::string& name,
                                               const std::string& uid) {
  v1::BindClaimRequest request;
  request.set_name(name);
  request.set_uid(uid);
  request.set_rule(name);
  return rpc::Call(stub, &v1::PortService::StubInterface::BindClaim, request);
}

absl::StatusOr<v1::UnbindClaimResponse> CallUnbind(v1::PortService::Stub& stub,
                                                   const std::string& name,
                                                   const std::string& uid) {
  v1::UnbindClaimRequest request;
  request.set_name(name);
  request.set_uid(uid);
  return rpc::Call(stub, &v1::PortService::StubInterface::UnbindClaim, request);
}

absl::StatusOr<v1::ReleaseClaimResponse> CallRelease(v1::PortService::Stub& stub,
                                                     const std::string& name,
                                                     const std::string& uid) {
  v1::ReleaseClaimRequest request;
  request.set_name(name);
  request.set_uid(uid);
  return rpc::Call(stub, &v1::PortService::StubInterface::ReleaseClaim, request);
}

absl::StatusOr<v1::PortPool> GetPool(v1::PortService::Stub& stub, const std::string& name) {
  v1::GetPoolRequest request;
  request.set_name(name);
  const auto response = rpc::Call(stub, &v1::PortService::StubInterface::GetPool, request);
  if (!response.ok()) {
    return response.status();
  }
  return response->pool();
}

}  // namespace berth::port
