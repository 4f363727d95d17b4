// Measures how long ingress-service takes to put many rules on a load balancer that are asked for
// at once, beside the bare writes that they cost: on one real API server, in one run.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/config/config.h"
#include "common/grpc/channel.h"
#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/labels.h"
#include "common/pool/owned_ports.h"
#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "ingress-service/domain/rule_objects.h"
#include "tests/bench/api_writes.h"
#include "tests/bench/load.h"
#include "tests/bench/report.h"
#include "tests/bench/service_process.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/gateway_api.h"

#include "berth/ingress/v1/ingress_service.grpc.pb.h"
#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {
namespace {

using bench::Milliseconds;
using bench::Say;
using kube::Json;
using std::chrono::steady_clock;

constexpr int kWorkers = 32;
constexpr int kFirstPort = 20000;
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::minutes kMostTime{5};
// What follows thousands of writes, in the API server above all, is not the next one's doing.
constexpr std::chrono::seconds kRest{3};

struct Options {
  int alternations = 3;
  int rules = 1000;
  int rules_of_other_drivers = 100;
};

struct Goals {
  double time = 1.6;
  double writes = 20;
};

/// What rules are put on.
enum class Kind { kConfigMap, kConfigMapWithNodePorts, kGateway, kSharedAddress };

std::string Describe(Kind kind) {
  switch (kind) {
    case Kind::kConfigMap:
      return "configmap, without NodePorts";
    case Kind::kConfigMapWithNodePorts:
      return "configmap, with NodePorts";
    case Kind::kGateway:
      return "gateway-api";
    case Kind::kSharedAddress:
      return "loadbalancer";
  }
  return "";
}

bool SharesObjects(Kind kind) {
  return kind == Kind::kConfigMap || kind == Kind::kConfigMapWithNodePorts;
}

// The small writes that a rule costs: its claim is bound, it is stored, and what it has to itself.
int WritesPerRule(Kind kind) {
  switch (kind) {
    case Kind::kConfigMap:
    case Kind::kConfigMapWithNodePorts:
      return 2;
    case Kind::kGateway:
      return 4;
    case Kind::kSharedAddress:
      return 3;
  }
  return 0;
}

class RulesBench {
 public:
  RulesBench(harness::ApiServer& server, const Options& options)
      : server_(server), options_(options), ns_(server.MakeNamespace()) {}

  absl::Status Run();

 private:
  struct Written {
    Milliseconds time{};
    double writes = 0;
  };

  int RulesOf(Kind kind) const {
    return SharesObjects(kind) ? options_.rules : options_.rules_of_other_drivers;
  }
  absl::Status MakeTarget();
  absl::Status MakeService(const std::string& name, const std::string& address, Kind kind);
  absl::Status MakeGateway(const std::string& name, const std::string& address);
  absl::Status MakePool(const std::string& name, const std::string& address, Kind kind);
  absl::Status RemovePool(const std::string& name, Kind kind);
  absl::Status StartServices();
  absl::StatusOr<std::vector<port::v1::PortClaim>> ClaimAll(const std::string& pool, int count);
  absl::StatusOr<Written> ApplyAll(const std::string& pool, Kind kind,
                                   const std::vector<port::v1::PortClaim>& claims);
  absl::Status Ask(const std::vector<port::v1::PortClaim>& claims);
  absl::StatusOr<std::size_t> PortsIn(const kube::Resource& resource, const std::string& name);
  absl::StatusOr<std::size_t> ObjectsOf(const kube::Resource& resource, const std::string& pool);
  absl::StatusOr<std::size_t> WrittenRules(const std::string& pool, Kind kind);
  absl::StatusOr<double> CountSharedWrites();
  absl::StatusOr<Milliseconds> BareWrites(Kind kind);
  absl::Status Compare(Kind kind);

  harness::ApiServer& server_;
  const Options options_;
  const Goals goals_;
  const std::string ns_;
  /// Where nobody watches.
  const std::string bare_ns_ = server_.MakeNamespace();
  const std::unique_ptr<kube::Client> client_ = server_.MakeClient();
  std::vector<bench::ServiceProcess> processes_;
  std::unique_ptr<port::v1::PortService::Stub> ports_;
  std::unique_ptr<v1::IngressService::Stub> rules_;
  int round_ = 0;
  int bare_ = 0;
  bench::Report report_{"", "Berth", "bare writes"};
};

Json LoadBalancerService(const kube::ObjectName& name, Kind kind) {
  Json service = kube::NewObject(kube::kServices, name);
  service["spec"] = {{"type", "LoadBalancer"},
                     {"allocateLoadBalancerNodePorts", kind == Kind::kConfigMapWithNodePorts},
                     {"ports", Json::array({{{"name", "https"}, {"port", 443}}})}};
  return service;
}

absl::Status RulesBench::MakeTarget() {
  Json target = kube::NewObject(kube::kServices, {ns_, "web"});
  target["spec"] = {{"selector", {{"app", "web"}}},
                    {"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
  return client_->Create(kube::kServices, target).status();
}

absl::Status RulesBench::MakeService(const std::string& name, const std::string& address,
                                     Kind kind) {
  Json wanted = LoadBalancerService({ns_, name}, kind);
  if (kind == Kind::kSharedAddress) {
    kube::SetAnnotation(wanted, "metallb.io/allow-shared-ip", name);
  }
  ASSIGN_OR_RETURN(Json service, client_->Create(kube::kServices, wanted));
  service["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", address}}});
  return client_->UpdateStatus(kube::kServices, service).status();
}

absl::Status RulesBench::MakeGateway(const std::string& name, const std::string& address) {
  Json gateway = kube::NewObject(kube::kGateways, {ns_, name});
  gateway["spec"] = {
      {"gatewayClassName", "bench"},
      {"allowedListeners", {{"namespaces", {{"from", "All"}}}}},
      {"listeners", Json::array({{{"name", "http"}, {"port", 80}, {"protocol", "HTTP"}}})}};
  RETURN_IF_ERROR(client_->Create(kube::kGateways, gateway).status());
  const Json status = {{"addresses", Json::array({{{"type", "IPAddress"}, {"value", address}}})},
                       {"conditions", Json::array({{{"type", "Programmed"},
                                                    {"status", "True"},
                                                    {"reason", "Programmed"},
                                                    {"observedGeneration", 1},
                                                    {"message", ""}}})}};
  return client_
      ->Patch(kube::kGateways, {ns_, name}, {{"status", status}}, {.subresource = "status"})
      .status();
}

absl::Status RulesBench::MakePool(const std::string& name, const std::string& address, Kind kind) {
  const bool is_gateway = kind == Kind::kGateway;
  RETURN_IF_ERROR(is_gateway ? MakeGateway(name, address) : MakeService(name, address, kind));
  Json pool = kube::NewObject(kube::kPortPools, {ns_, name});
  pool["spec"] = {
      {"loadBalancers",
       Json::array(
           {{{"kind", is_gateway ? "Gateway" : "Service"}, {"namespace", ns_}, {"name", name}}})},
      {"portRange", {{"first", kFirstPort}, {"last", kFirstPort + 2 * options_.rules}}},
      {"quarantineSeconds", 0}};
  if (is_gateway) {
    pool["spec"]["driver"] = "gateway-api";
  } else if (kind == Kind::kSharedAddress) {
    pool["spec"]["driver"] = "loadbalancer";
    pool["spec"]["loadbalancer"] = {{"implementation", "MetalLB"}, {"sharingKey", name}};
  } else {
    pool["spec"]["driver"] = "configmap";
    pool["spec"]["configmap"] = {{"tcpServices", {{"namespace", ns_}, {"name", name + "-tcp"}}},
                                 {"udpServices", {{"namespace", ns_}, {"name", name + "-udp"}}}};
  }
  return client_->Create(kube::kPortPools, pool).status();
}

// The Service's NodePorts are wanted by the next one.
absl::Status RulesBench::RemovePool(const std::string& name, Kind kind) {
  return client_->Delete(kind == Kind::kGateway ? kube::kGateways : kube::kServices, {ns_, name},
                         {});
}

absl::Status RulesBench::StartServices() {
  ASSIGN_OR_RETURN(bench::ServiceProcess port_service,
                   bench::ServiceProcess::Start({.program = PORT_SERVICE_BINARY,
                                                 .kubeconfig = server_.kubeconfig(),
                                                 .ns = ns_,
                                                 .folder = server_.folder()}));
  const std::string address = "ipv4:" + port_service.address();
  ASSIGN_OR_RETURN(bench::ServiceProcess ingress_service,
                   bench::ServiceProcess::Start(
                       {.program = INGRESS_SERVICE_BINARY,
                        .kubeconfig = server_.kubeconfig(),
                        .ns = ns_,
                        .folder = server_.folder(),
                        // Nobody listens on the addresses of these load balancers.
                        .flags = {"--port_service.address=" + address, "--probe.enabled=false"}}));
  ports_ = port::v1::PortService::NewStub(rpc::CreateChannel({.target = address}));
  rules_ = v1::IngressService::NewStub(
      rpc::CreateChannel({.target = "ipv4:" + ingress_service.address()}));
  processes_.push_back(std::move(port_service));
  processes_.push_back(std::move(ingress_service));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<port::v1::PortClaim>> RulesBench::ClaimAll(const std::string& pool,
                                                                      int count) {
  std::vector<port::v1::PortClaim> claims(static_cast<std::size_t>(count));
  const auto deadline = steady_clock::now() + kPatience;
  const bench::Load load = bench::RunLoad(kWorkers, count, [&](int number) -> absl::Status {
    port::v1::ClaimRequest request;
    request.set_pool(pool);
    request.set_owner(fmt::format("bench/{}", number));
    request.set_request_id(pool);
    auto answer = rpc::Call(*ports_, &port::v1::PortService::StubInterface::Claim, request);
    // The pool was made a moment ago.
    while (!answer.ok() && steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      answer = rpc::Call(*ports_, &port::v1::PortService::StubInterface::Claim, request);
    }
    RETURN_IF_ERROR(answer.status());
    claims[static_cast<std::size_t>(number)] = answer->claims(0);
    return absl::OkStatus();
  });
  if (!load.errors.empty()) return load.errors.front();
  return claims;
}

// Each caller asks for its part of the rules in one call; all calls are outstanding at once.
absl::Status RulesBench::Ask(const std::vector<port::v1::PortClaim>& claims) {
  const bench::Load load = bench::RunLoad(kWorkers, kWorkers, [&](int caller) -> absl::Status {
    v1::ApplyRulesRequest request;
    for (auto i = static_cast<std::size_t>(caller); i < claims.size(); i += kWorkers) {
      v1::RuleSpec& rule = *request.add_rules();
      rule.set_claim(claims[i].name());
      rule.set_claim_uid(claims[i].uid());
      rule.mutable_target()->set_namespace_(ns_);
      rule.mutable_target()->set_service("web");
      rule.mutable_target()->set_port_number(80);
    }
    ASSIGN_OR_RETURN(const v1::ApplyRulesResponse response,
                     rpc::Call(*rules_, &v1::IngressService::StubInterface::ApplyRules, request,
                               {.timeout = kMostTime}));
    for (const v1::ApplyRuleResult& result : response.results()) {
      RETURN_IF_ERROR(FromRpcStatus(result.status()));
    }
    return absl::OkStatus();
  });
  return load.errors.empty() ? absl::OkStatus() : load.errors.front();
}

absl::StatusOr<std::size_t> RulesBench::PortsIn(const kube::Resource& resource,
                                                const std::string& name) {
  const auto object = client_->Get(resource, {ns_, name}, {.form = kube::Form::kMetadata});
  if (kube::IsNotFound(object.status())) return std::size_t{0};
  RETURN_IF_ERROR(object.status());
  ASSIGN_OR_RETURN(const pool::PortsByProtocol owned, pool::OwnedPorts(*object));
  return owned.tcp.Ports().size();
}

absl::StatusOr<std::size_t> RulesBench::ObjectsOf(const kube::Resource& resource,
                                                  const std::string& pool) {
  ASSIGN_OR_RETURN(const kube::ObjectList list,
                   client_->List(resource, ns_,
                                 {.label_selector = std::string(pool::kClaimUidLabel),
                                  .form = kube::Form::kMetadata}));
  return static_cast<std::size_t>(
      std::count_if(list.items.begin(), list.items.end(), [&](const Json& object) {
        return kube::Annotation(object, kRuleAnnotation)
            .value_or("")
            .starts_with(fmt::format("{}/{}.", ns_, pool));
      }));
}

// How many rules are where they belong: the least of what they need.
absl::StatusOr<std::size_t> RulesBench::WrittenRules(const std::string& pool, Kind kind) {
  if (kind == Kind::kSharedAddress) return ObjectsOf(kube::kServices, pool);
  if (kind == Kind::kGateway) {
    ASSIGN_OR_RETURN(const std::size_t listeners, ObjectsOf(kube::kListenerSets, pool));
    ASSIGN_OR_RETURN(const std::size_t routes, ObjectsOf(kube::kTcpRoutes, pool));
    return std::min(listeners, routes);
  }
  ASSIGN_OR_RETURN(const std::size_t entries, PortsIn(kube::kConfigMaps, pool + "-tcp"));
  ASSIGN_OR_RETURN(const std::size_t ports, PortsIn(kube::kServices, pool));
  return std::min(entries, ports);
}

absl::StatusOr<double> RulesBench::CountSharedWrites() {
  double writes = 0;
  for (const char* resource : {"configmaps", "services"}) {
    ASSIGN_OR_RETURN(const bench::WriteCount count, bench::CountWrites(server_.config(), resource));
    writes += count.all;
  }
  return writes;
}

absl::StatusOr<RulesBench::Written> RulesBench::ApplyAll(
    const std::string& pool, Kind kind, const std::vector<port::v1::PortClaim>& claims) {
  ASSIGN_OR_RETURN(const double before, CountSharedWrites());
  const auto start = steady_clock::now();
  absl::Status asked;
  std::jthread callers([&] { asked = Ask(claims); });
  const auto is_complete = [&]() -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const std::size_t written, WrittenRules(pool, kind));
    return written == claims.size();
  };
  absl::StatusOr<bool> complete = is_complete();
  while (complete.ok() && !*complete && steady_clock::now() < start + kMostTime) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    complete = is_complete();
  }
  const Milliseconds time = steady_clock::now() - start;
  callers.join();
  RETURN_IF_ERROR(asked);
  RETURN_IF_ERROR(complete.status());
  if (!*complete) return absl::DeadlineExceededError("the rules were not all written");
  ASSIGN_OR_RETURN(const double after, CountSharedWrites());
  return Written{.time = time, .writes = after - before};
}

// What the rules cost at the least: their own writes, and where they share a Service, all ports in
// one write of it.
absl::StatusOr<Milliseconds> RulesBench::BareWrites(Kind kind) {
  const std::string name = fmt::format("bare-{}", ++bare_);
  ASSIGN_OR_RETURN(Json service,
                   client_->Create(kube::kServices, LoadBalancerService({bare_ns_, name}, kind)));
  for (int i = 0; i < RulesOf(kind); ++i) {
    service["spec"]["ports"].push_back({{"name", fmt::format("b-tcp-{}", kFirstPort + i)},
                                        {"protocol", "TCP"},
                                        {"port", kFirstPort + i},
                                        {"targetPort", kFirstPort + i}});
  }
  const auto start = steady_clock::now();
  const bench::Load load =
      bench::RunLoad(kWorkers, WritesPerRule(kind) * RulesOf(kind), [&](int number) {
        Json claim = kube::NewObject(
            kube::kPortClaims, {bare_ns_, fmt::format("{}.tcp.{}", name, kFirstPort + number)});
        claim["spec"] = {{"poolRef", {{"name", name}, {"uid", "bare"}}},
                         {"protocol", "TCP"},
                         {"port", kFirstPort + number},
                         {"owner", fmt::format("bench/{}", number)},
                         {"requestId", name},
                         {"ttlSeconds", 600},
                         {"state", "RESERVED"}};
        return client_->Create(kube::kPortClaims, claim).status();
      });
  if (!load.errors.empty()) return load.errors.front();
  if (SharesObjects(kind)) {
    RETURN_IF_ERROR(client_->Update(kube::kServices, service).status());
  }
  const Milliseconds time = steady_clock::now() - start;
  RETURN_IF_ERROR(client_->Delete(kube::kServices, {bare_ns_, name}, {}));
  return time;
}

absl::Status RulesBench::Compare(Kind kind) {
  const std::string what = fmt::format("{} rules, {}", RulesOf(kind), Describe(kind));
  Say(what);
  std::vector<double> ours, theirs, ratios, writes;
  for (int i = 0; i < options_.alternations; ++i) {
    const std::string pool = fmt::format("pool-{}", ++round_);
    RETURN_IF_ERROR(MakePool(pool, fmt::format("127.0.1.{}", round_), kind));
    ASSIGN_OR_RETURN(const std::vector<port::v1::PortClaim> claims, ClaimAll(pool, RulesOf(kind)));
    std::this_thread::sleep_for(kRest);
    Milliseconds bare{};
    // In turns, so that neither always goes first.
    if (i % 2 == 0) {
      ASSIGN_OR_RETURN(bare, BareWrites(kind));
      std::this_thread::sleep_for(kRest);
    }
    ASSIGN_OR_RETURN(const Written written, ApplyAll(pool, kind, claims));
    RETURN_IF_ERROR(RemovePool(pool, kind));
    std::this_thread::sleep_for(kRest);
    if (i % 2 != 0) {
      ASSIGN_OR_RETURN(bare, BareWrites(kind));
    }
    ours.push_back(written.time.count());
    theirs.push_back(bare.count());
    ratios.push_back(written.time / bare);
    writes.push_back(written.writes);
  }
  const double ratio = bench::Median(ratios);
  report_.Add({what, fmt::format("{:.0f} ms", bench::Median(ours)),
               fmt::format("{:.0f} ms", bench::Median(theirs)), fmt::format("{:.2f} x", ratio)},
              fmt::format("<= {:.1f} x", goals_.time), ratio <= goals_.time);
  if (!SharesObjects(kind)) return absl::OkStatus();
  const double most = bench::Median(writes);
  report_.Add({"  writes of ConfigMap and Service", fmt::format("{:.0f}", most)},
              fmt::format("<= {:.0f}", goals_.writes), most <= goals_.writes);
  return absl::OkStatus();
}

absl::Status RulesBench::Run() {
  RETURN_IF_ERROR(harness::ApplyGatewayApi(*client_, harness::GatewayApiAge::kNew));
  RETURN_IF_ERROR(MakeTarget());
  Say("Starting port-service and ingress-service");
  RETURN_IF_ERROR(StartServices());
  for (const Kind kind :
       {Kind::kConfigMap, Kind::kConfigMapWithNodePorts, Kind::kGateway, Kind::kSharedAddress}) {
    RETURN_IF_ERROR(Compare(kind));
  }
  report_.Add({"anonymous memory of ingress-service",
               fmt::format("{:.1f} MiB", processes_.back().AnonymousMemory())});
  report_.Print();
  return absl::OkStatus();
}

absl::Status RunBench(const Options& options) {
  Say("Starting etcd and kube-apiserver");
  ASSIGN_OR_RETURN(const auto server, harness::ApiServer::Start({}));
  return RulesBench(*server, options).Run();
}

}  // namespace
}  // namespace berth::ingress

int main(int argc, char** argv) {
  berth::ingress::Options options;
  berth::config::Table table("./dev bench rules",
                             "Measures many rules that are asked for at once, beside the bare "
                             "writes that they cost, on one real API server.");
  table.Add("alternations", &options.alternations, "how often both are measured in turns")
      .Range(1, 100);
  table.Add("rules", &options.rules, "how many are asked for at once, of the driver configmap")
      .Range(1, 1200);
  table
      .Add("rules_of_other_drivers", &options.rules_of_other_drivers,
           "how many are asked for at once of each other driver")
      .Range(1, 1200);
  const auto outcome = table.Parse(argc, argv);
  if (!outcome.ok()) {
    fmt::print(stderr, "{}\n", std::string(outcome.status().message()));
    return EXIT_FAILURE;
  }
  if (outcome->action == berth::config::Outcome::Action::kExit) {
    fmt::print("{}", outcome->text);
    return EXIT_SUCCESS;
  }
  const absl::Status status = berth::ingress::RunBench(options);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
