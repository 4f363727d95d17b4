// Measures Claim of port-service beside bare creates of the same object: two replicas and one load
// generator, on one real API server, in one run.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
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
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/claim_name.h"
#include "common/status/macros.h"
#include "port-service/adapters/claim_json.h"
#include "tests/bench/api_writes.h"
#include "tests/bench/load.h"
#include "tests/bench/report.h"
#include "tests/bench/service_process.h"
#include "tests/integration/harness/api_server.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::port {
namespace {

using bench::Load;
using bench::Say;
using kube::Json;

constexpr std::array<int, 3> kWorkers = {1, 8, 32};
constexpr char kClaimed[] = "claimed";
constexpr char kBare[] = "bare";
constexpr int kFirstPort = 1024;
constexpr int kLastPort = 65535;
// Claims stay reserved for the whole run.
constexpr std::chrono::seconds kTtl{24 * 3600};
constexpr std::chrono::seconds kPatience{60};
// What follows thousands of claims, in the API server above all, is not the next call's doing.
constexpr std::chrono::seconds kRest{5};

struct Options {
  int alternations = 5;
  int calls_per_worker = 20;
  int calls_of_one = 100;
  int claims = 9000;
};

struct Goals {
  double throughput = 0.75;
  double p99 = 1.6;
  double idle_mib = 12;
  double full_mib = 45;
};

// Medians over the alternations of one number of workers.
struct Comparison {
  double claims_per_second = 0;
  double creates_per_second = 0;
  double throughput_ratio = 0;
  double claim_p50 = 0;
  double create_p50 = 0;
  double p50_ratio = 0;
  double claim_p99 = 0;
  double create_p99 = 0;
  double p99_ratio = 0;
};

class PortsBench {
 public:
  PortsBench(harness::ApiServer& server, const Options& options)
      : server_(server), options_(options), ns_(server.MakeNamespace()) {}

  absl::Status Run();

 private:
  absl::Status MakePool(const std::string& name, const std::string& address);
  absl::Status StartReplicas();
  absl::Status Claim();
  absl::Status CreateBare();
  absl::StatusOr<Load> RunClaims(int workers, int calls);
  absl::StatusOr<Load> RunCreates(int workers, int calls);
  absl::StatusOr<Comparison> Compare(int workers);
  absl::Status CompareAll(const std::string& when, bool counted);
  absl::Status FillUp();
  void AddMemory(const std::string& when, double goal);

  harness::ApiServer& server_;
  const Options options_;
  const Goals goals_;
  const std::string ns_;
  const std::unique_ptr<kube::Client> client_ = server_.MakeClient();
  std::vector<bench::ServiceProcess> replicas_;
  std::unique_ptr<v1::PortService::Stub> stub_;
  std::string bare_pool_uid_;
  std::atomic<int> claimed_ = 0;
  std::atomic<int> created_ = 0;
  bench::Report report_{"", "Claim", "create"};
  // Of 32 workers, in the order of measurement.
  std::vector<double> ratios_;
};

absl::Status PortsBench::MakePool(const std::string& name, const std::string& address) {
  Json service = kube::NewObject(kube::kServices, {ns_, name});
  service["spec"] = {{"type", "LoadBalancer"},
                     {"allocateLoadBalancerNodePorts", false},
                     {"ports", Json::array({{{"name", "https"}, {"port", 443}}})}};
  ASSIGN_OR_RETURN(service, client_->Create(kube::kServices, service));
  service["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", address}}});
  RETURN_IF_ERROR(client_->UpdateStatus(kube::kServices, service).status());
  Json pool = kube::NewObject(kube::kPortPools, {ns_, name});
  pool["spec"] = {
      {"driver", "configmap"},
      {"loadBalancers", Json::array({{{"kind", "Service"}, {"namespace", ns_}, {"name", name}}})},
      {"portRange", {{"first", kFirstPort}, {"last", kLastPort}}},
      {"claimTtlSeconds", kTtl.count()},
      {"configmap",
       {{"tcpServices", {{"namespace", ns_}, {"name", name + "-tcp"}}},
        {"udpServices", {{"namespace", ns_}, {"name", name + "-udp"}}}}}};
  ASSIGN_OR_RETURN(pool, client_->Create(kube::kPortPools, pool));
  if (name == kBare) bare_pool_uid_ = kube::Uid(pool);
  return absl::OkStatus();
}

absl::Status PortsBench::StartReplicas() {
  std::string target = "ipv4:";
  for (int i = 0; i < 2; ++i) {
    ASSIGN_OR_RETURN(bench::ServiceProcess replica,
                     bench::ServiceProcess::Start({.program = PORT_SERVICE_BINARY,
                                                   .kubeconfig = server_.kubeconfig(),
                                                   .ns = ns_,
                                                   .folder = server_.folder()}));
    target += (i == 0 ? "" : ",") + replica.address();
    replicas_.push_back(std::move(replica));
  }
  stub_ = v1::PortService::NewStub(rpc::CreateChannel({.target = target}));
  for (const bench::ServiceProcess& replica : replicas_) {
    auto stub =
        v1::PortService::NewStub(rpc::CreateChannel({.target = "ipv4:" + replica.address()}));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (const char* pool : {kClaimed, kBare}) {
      v1::GetPoolRequest request;
      request.set_name(pool);
      auto answer = rpc::Call(*stub, &v1::PortService::StubInterface::GetPool, request);
      while ((!answer.ok() || !answer->pool().ready()) &&
             std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        answer = rpc::Call(*stub, &v1::PortService::StubInterface::GetPool, request);
      }
      RETURN_IF_ERROR(answer.status());
      if (!answer->pool().ready()) return absl::InternalError(answer->pool().not_ready_message());
    }
  }
  return absl::OkStatus();
}

absl::Status PortsBench::Claim() {
  const int number = claimed_++;
  v1::ClaimRequest request;
  request.set_pool(kClaimed);
  request.set_owner(fmt::format("bench/{}", number));
  request.set_request_id(fmt::format("request-{}", number));
  return rpc::Call(*stub_, &v1::PortService::StubInterface::Claim, request).status();
}

// What port-service stores for such a claim.
absl::Status PortsBench::CreateBare() {
  const int number = created_++;
  ASSIGN_OR_RETURN(const pool::PoolName pool, pool::PoolName::Parse(kBare));
  ASSIGN_OR_RETURN(const pool::Port port, pool::Port::Parse(kFirstPort + 200 + number));
  ASSIGN_OR_RETURN(Owner owner, Owner::Parse(fmt::format("bare/{}", number)));
  ASSIGN_OR_RETURN(RequestId request_id, RequestId::Parse(fmt::format("request-{}", number)));
  const port::Claim claim{
      .name = pool::ClaimName(pool, pool::Protocol::kTcp, port),
      .pool_uid = bare_pool_uid_,
      .owner = std::move(owner),
      .request_id = std::move(request_id),
      .ttl = kTtl,
      .expire_time = Later(
          std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()), kTtl)};
  return client_->Create(kube::kPortClaims, NewClaimObject(claim, ns_)).status();
}

absl::StatusOr<Load> Checked(Load load) {
  if (load.errors.empty()) return load;
  return load.errors.front();
}

absl::StatusOr<Load> PortsBench::RunClaims(int workers, int calls) {
  return Checked(bench::RunLoad(workers, calls, [this](int) { return Claim(); }));
}

absl::StatusOr<Load> PortsBench::RunCreates(int workers, int calls) {
  return Checked(bench::RunLoad(workers, calls, [this](int) { return CreateBare(); }));
}

absl::StatusOr<Comparison> PortsBench::Compare(int workers) {
  const int calls = workers == 1 ? options_.calls_of_one : workers * options_.calls_per_worker;
  std::vector<double> claims, creates, throughput, claim_p50, create_p50, p50, claim_p99,
      create_p99, p99;
  for (int i = 0; i < options_.alternations; ++i) {
    Load ours;
    Load theirs;
    // In turns, so that neither always goes first.
    if (i % 2 == 0) {
      ASSIGN_OR_RETURN(ours, RunClaims(workers, calls));
      ASSIGN_OR_RETURN(theirs, RunCreates(workers, calls));
    } else {
      ASSIGN_OR_RETURN(theirs, RunCreates(workers, calls));
      ASSIGN_OR_RETURN(ours, RunClaims(workers, calls));
    }
    claims.push_back(ours.calls_per_second);
    creates.push_back(theirs.calls_per_second);
    throughput.push_back(ours.calls_per_second / theirs.calls_per_second);
    claim_p50.push_back(ours.p50.count());
    create_p50.push_back(theirs.p50.count());
    p50.push_back(ours.p50 / theirs.p50);
    claim_p99.push_back(ours.p99.count());
    create_p99.push_back(theirs.p99.count());
    p99.push_back(ours.p99 / theirs.p99);
  }
  return Comparison{.claims_per_second = bench::Median(claims),
                    .creates_per_second = bench::Median(creates),
                    .throughput_ratio = bench::Median(throughput),
                    .claim_p50 = bench::Median(claim_p50),
                    .create_p50 = bench::Median(create_p50),
                    .p50_ratio = bench::Median(p50),
                    .claim_p99 = bench::Median(claim_p99),
                    .create_p99 = bench::Median(create_p99),
                    .p99_ratio = bench::Median(p99)};
}

absl::Status PortsBench::CompareAll(const std::string& when, bool counted) {
  for (const int workers : kWorkers) {
    const std::string what = fmt::format("{} worker{}, {}", workers, workers == 1 ? "" : "s", when);
    Say(what);
    ASSIGN_OR_RETURN(const bench::WriteCount before,
                     bench::CountWrites(server_.config(), "portclaims"));
    const int claims_before = claimed_;
    const int creates_before = created_;
    ASSIGN_OR_RETURN(const Comparison both, Compare(workers));
    ASSIGN_OR_RETURN(const bench::WriteCount after,
                     bench::CountWrites(server_.config(), "portclaims"));
    const bench::Report::Row throughput{what, fmt::format("{:.0f}/s", both.claims_per_second),
                                        fmt::format("{:.0f}/s", both.creates_per_second),
                                        fmt::format("{:.2f} x", both.throughput_ratio)};
    const bench::Report::Row p50{"  p50", fmt::format("{:.1f} ms", both.claim_p50),
                                 fmt::format("{:.1f} ms", both.create_p50),
                                 fmt::format("{:.2f} x", both.p50_ratio)};
    const bench::Report::Row p99{"  p99", fmt::format("{:.1f} ms", both.claim_p99),
                                 fmt::format("{:.1f} ms", both.create_p99),
                                 fmt::format("{:.2f} x", both.p99_ratio)};
    if (workers == kWorkers.back()) {
      ratios_.push_back(both.throughput_ratio);
      report_.Add(throughput, fmt::format(">= {:.2f} x", goals_.throughput),
                  both.throughput_ratio >= goals_.throughput);
      report_.Add(p50);
      report_.Add(p99, fmt::format("<= {:.1f} x", goals_.p99), both.p99_ratio <= goals_.p99);
    } else {
      report_.Add(throughput);
      report_.Add(p50);
      report_.Add(p99);
    }
    if (!counted) continue;
    // A call that another one was faster than tries the next port: only the others are uncontended.
    const double contended = after.conflicts - before.conflicts;
    const double writes = after.all - before.all - (created_ - creates_before);
    const double per_claim = (writes - contended) / (claimed_ - claims_before);
    report_.Add({fmt::format("  writes for each ({:.0f} met another)", contended),
                 fmt::format("{:.3f}", per_claim)},
                "1", per_claim == 1.0);
  }
  return absl::OkStatus();
}

absl::Status PortsBench::FillUp() {
  const int missing = options_.claims - claimed_ - created_;
  if (missing <= 0) return absl::OkStatus();
  Say(fmt::format("Claiming {} more", missing));
  RETURN_IF_ERROR(RunClaims(kWorkers.back(), missing).status());
  std::this_thread::sleep_for(kRest);
  return absl::OkStatus();
}

void PortsBench::AddMemory(const std::string& when, double goal) {
  double most = 0;
  for (const bench::ServiceProcess& replica : replicas_) {
    most = std::max(most, replica.AnonymousMemory());
  }
  report_.Add({"anonymous memory " + when, fmt::format("{:.1f} MiB", most)},
              fmt::format("<= {:.0f} MiB", goal), most <= goal);
}

absl::Status PortsBench::Run() {
  RETURN_IF_ERROR(MakePool(kClaimed, "127.0.0.2"));
  RETURN_IF_ERROR(MakePool(kBare, "127.0.0.3"));
  Say("Starting two replicas of port-service");
  RETURN_IF_ERROR(StartReplicas());
  AddMemory("idle", goals_.idle_mib);
  RETURN_IF_ERROR(CompareAll("few claims", /*counted=*/true));
  RETURN_IF_ERROR(FillUp());
  const int there = claimed_ + created_;
  AddMemory(fmt::format("with {} claims", there), goals_.full_mib);
  RETURN_IF_ERROR(CompareAll(fmt::format("{} claims", there), /*counted=*/false));
  report_.Add({"32 workers, many claims to few", "", "",
               fmt::format("{:.2f} x", ratios_.back() / ratios_.front())});
  report_.Print();
  return absl::OkStatus();
}

absl::Status RunBench(const Options& options) {
  Say("Starting etcd and kube-apiserver");
  ASSIGN_OR_RETURN(const auto server, harness::ApiServer::Start({}));
  return PortsBench(*server, options).Run();
}

}  // namespace
}  // namespace berth::port

int main(int argc, char** argv) {
  berth::port::Options options;
  berth::config::Table table(
      "./dev bench ports",
      "Measures Claim beside bare creates of the same object, on one real API server.");
  table.Add("alternations", &options.alternations, "how often both are measured in turns")
      .Range(1, 100);
  table.Add("calls_per_worker", &options.calls_per_worker, "calls of each of 8 or 32 workers")
      .Range(1, 100);
  table.Add("calls_of_one", &options.calls_of_one, "calls of a single worker").Range(1, 1000);
  table.Add("claims", &options.claims, "how many there are for the second half").Range(1, 40'000);
  const auto outcome = table.Parse(argc, argv);
  if (!outcome.ok()) {
    fmt::print(stderr, "{}\n", std::string(outcome.status().message()));
    return EXIT_FAILURE;
  }
  if (outcome->action == berth::config::Outcome::Action::kExit) {
    fmt::print("{}", outcome->text);
    return EXIT_SUCCESS;
  }
  const absl::Status status = berth::port::RunBench(options);
  if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
  return status.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}
