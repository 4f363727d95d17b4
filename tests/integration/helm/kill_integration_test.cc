// Two replicas of helm-service, and the Helms that they run, are killed at random while installs,
// upgrades, rollbacks and uninstalls go on.
//
// $BERTH_HELM_KILLS is how often, for both Helms together (12 unless set), $BERTH_SEED where chance
// begins.

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/kube/object.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/helm/chart.h"
#include "tests/integration/helm/helm_service_test.h"

namespace berth::helm {
namespace {

namespace fs = std::filesystem;
using harness::Eventually;
using operation::v1::Operation;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;

// Twice what it takes to notice a dead replica and to take its operations over, some times in a
// row: replicas die while they take over, too.
constexpr seconds kPatience{300};

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  int value = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &value)) << name << " must be a whole number: " << text;
  return value;
}

class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  /// 0 to `count` - 1.
  int Below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(engine_); }

 private:
  std::mt19937 engine_;
};

// The replicas that run now; replaced by one thread, used by all.
class Replicas {
 public:
  std::shared_ptr<HelmServiceProcess> Get(int index) {
    const MutexLock lock(mutex_);
    return running_[static_cast<std::size_t>(index) % running_.size()];
  }
  void Set(int index, std::shared_ptr<HelmServiceProcess> replica) {
    const MutexLock lock(mutex_);
    running_[static_cast<std::size_t>(index)] = std::move(replica);
  }

 private:
  Mutex mutex_;
  std::array<std::shared_ptr<HelmServiceProcess>, 2> running_ ABSL_GUARDED_BY(mutex_);
};

// How operations ended, by reason.
class Tally {
 public:
  void Count(const std::string& outcome) {
    const MutexLock lock(mutex_);
    ++counts_[outcome];
  }
  std::map<std::string, int> Get() {
    const MutexLock lock(mutex_);
    return counts_;
  }

 private:
  Mutex mutex_;
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
};

bool IsTerminal(Operation::State state) {
  return state == Operation::STATE_SUCCEEDED || state == Operation::STATE_FAILED ||
         state == Operation::STATE_CANCELLED;
}

class KillTest : public HelmServiceTest {
 protected:
  KillTest() {
    replicas_.Set(0, std::move(service_));
    replicas_.Set(1, StartService());
  }

  // Makes calls about one release until it is told to stop; each is followed to its end.
  void Work(const std::string& release, unsigned seed) {
    Chance chance(seed);
    for (int i = 0; !done_; ++i) Act(release, fmt::format("{}-{}", release, i), chance);
  }

  void Act(const std::string& release, const std::string& request_id, Chance& chance) {
    switch (chance.Below(8)) {
      case 0:
        return Follow(MakeUninstall(release, request_id), &v1::HelmService::Stub::UninstallRelease,
                      chance);
      case 1:
      case 2:
        return Follow(MakeRollback(release, request_id, 1 + chance.Below(3)),
                      &v1::HelmService::Stub::RollbackRelease, chance);
      case 3:
        return Follow(MakeInstall(release, request_id), &v1::HelmService::Stub::InstallRelease,
                      chance);
      default:
        return Follow(MakeUpgrade(release, request_id, chance.Below(3)),
                      &v1::HelmService::Stub::UpgradeRelease, chance);
    }
  }

  template <typename Request>
  Request Make(const std::string& release, const std::string& request_id) const {
    Request request;
    request.set_namespace_(ns_);
    request.set_name(release);
    request.mutable_run()->set_request_id(request_id);
    request.mutable_run()->mutable_timeout()->set_seconds(60);
    return request;
  }
  v1::UninstallReleaseRequest MakeUninstall(const std::string& release,
                                            const std::string& request_id) const {
    return Make<v1::UninstallReleaseRequest>(release, request_id);
  }
  v1::RollbackReleaseRequest MakeRollback(const std::string& release, const std::string& request_id,
                                          int revision) const {
    auto request = Make<v1::RollbackReleaseRequest>(release, request_id);
    request.set_revision(revision);
    return request;
  }
  v1::InstallReleaseRequest MakeInstall(const std::string& release,
                                        const std::string& request_id) const {
    auto request = Make<v1::InstallReleaseRequest>(release, request_id);
    request.mutable_chart()->set_archive(WebChart("1.2.3"));
    return request;
  }
  // 0: at once. 1: never ready, so it fails. 2: never ready, and taken back.
  v1::UpgradeReleaseRequest MakeUpgrade(const std::string& release, const std::string& request_id,
                                        int kind) const {
    auto request = Make<v1::UpgradeReleaseRequest>(release, request_id);
    request.mutable_chart()->set_archive(WebChart("1.3.0"));
    request.add_values()->set_yaml(fmt::format("note: {}", request_id));
    request.set_install(true);
    if (kind == 0) return request;
    request.add_values()->set_yaml("deployment: true");
    request.set_wait(true);
    request.mutable_apply()->mutable_step_timeout()->set_seconds(4);
    request.mutable_apply()->set_rollback_on_failure(kind == 2);
    return request;
  }

  // Makes the call until it is acknowledged, and waits for the operation's end.
  template <typename Request, typename Response>
  void Follow(const Request& request,
              std::unique_ptr<grpc::ClientReader<Response>> (v1::HelmService::Stub::*call)(
                  grpc::ClientContext*, const Request&),
              Chance& chance) {
    std::string operation;
    const bool acknowledged = Eventually(
        [&] {
          const auto replica = replicas_.Get(chance.Below(2));
          grpc::ClientContext context;
          const auto outcome = Drain(*(replica->helm().*call)(&context, request));
          operation = outcome.operation();
          return !operation.empty();
        },
        kPatience);
    ASSERT_TRUE(acknowledged) << request.run().request_id();
    ++acknowledged_;
    Operation ended;
    const bool terminal = Eventually(
        [&] {
          ended = Read(operation, chance);
          return IsTerminal(ended.state());
        },
        kPatience);
    ASSERT_TRUE(terminal) << ended.ShortDebugString();
    const absl::Status error = FromRpcStatus(ended.error());
    tally_.Count(error.ok() ? "OK" : ReasonName(ReasonOf(error)));
    EXPECT_NE(ReasonOf(error), Reason::ERROR_REASON_INTERNAL) << error;
    // Nobody but Berth works here, so nothing is locked for Berth.
    EXPECT_NE(ReasonOf(error), Reason::ERROR_REASON_RELEASE_LOCKED) << error;
  }

  Operation Read(const std::string& name, Chance& chance) {
    operation::v1::GetOperationRequest request;
    request.set_name(name);
    operation::v1::GetOperationResponse response;
    grpc::ClientContext context;
    const auto replica = replicas_.Get(chance.Below(2));
    if (!replica->operations().GetOperation(&context, request, &response).ok()) return {};
    return response.operation();
  }

  void KillOne(Chance& chance) {
    const int index = chance.Below(2);
    const auto replica = replicas_.Get(index);
    if (chance.Below(4) == 0) {
      replica->Kill();
      replicas_.Set(index, StartService());
      ++killed_services_;
      return;
    }
    const std::vector<pid_t> helms = replica->HelmPids();
    if (helms.empty()) return;
    ::kill(helms[static_cast<std::size_t>(chance.Below(static_cast<int>(helms.size())))], SIGKILL);
    ++killed_helms_;
  }

  // Processes that work somewhere below the test's folder.
  std::vector<std::string> Strays() const {
    std::vector<std::string> strays;
    std::error_code error;
    for (const auto& process : fs::directory_iterator("/proc")) {
      const std::string folder = fs::read_symlink(process.path() / "cwd", error).string();
      if (!error && folder.starts_with(folder_ + "/work"))
        strays.push_back(process.path().string());
    }
    return strays;
  }

  std::vector<std::string> LeftInQueues() {
    std::vector<std::string> left;
    const kube::ObjectList queues = client_->List(kube::kReleaseQueues, berth_).value();
    for (const kube::Json& queue : queues.items) {
      const kube::Json& entries = kube::At(queue, {"spec", "operations"});
      if (entries.is_array() && !entries.empty()) left.push_back(queue.dump());
    }
    return left;
  }

  std::vector<std::string> LeftInWork() const {
    std::vector<std::string> left;
    for (const auto& entry : fs::directory_iterator(folder_ + "/work")) {
      left.push_back(entry.path().string());
    }
    return left;
  }

  Replicas replicas_;
  Tally tally_;
  std::atomic<bool> done_ = false;
  std::atomic<int> acknowledged_ = 0;
  int killed_services_ = 0;
  int killed_helms_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Helms, KillTest, ::testing::Values("helm", "helm3"),
                         [](const auto& info) { return info.param; });

TEST_P(KillTest, EveryOperationEndsAndEveryReleaseCanBeUpgradedAfterwards) {
  const int kills = std::max(1, FromEnvironment("BERTH_HELM_KILLS", 12) / 2);
  const auto seed = static_cast<unsigned>(FromEnvironment("BERTH_SEED", 1));
  const std::vector<std::string> releases = {"a", "b", "c", "d"};
  Chance chance(seed);
  {
    std::vector<std::jthread> workers;
    workers.reserve(releases.size());
    for (std::size_t i = 0; i < releases.size(); ++i) {
      workers.emplace_back([&, i] { Work(releases[i], seed + 1 + static_cast<unsigned>(i)); });
    }
    while (killed_services_ + killed_helms_ < kills && !HasFatalFailure()) {
      std::this_thread::sleep_for(milliseconds(100 + chance.Below(1500)));
      KillOne(chance);
    }
    done_ = true;
  }
  for (const std::string& release : releases) {
    Follow(MakeUpgrade(release, release + "-last", 0), &v1::HelmService::Stub::UpgradeRelease,
           chance);
    const auto object = client_->Get(kube::kConfigMaps, {ns_, release});
    ASSERT_TRUE(object.ok()) << release;
    EXPECT_EQ(kube::StringAt(*object, {"data", "note"}), release + "-last");
  }
  EXPECT_THAT(Strays(), IsEmpty());
  EXPECT_TRUE(Eventually([&] { return LeftInQueues().empty(); }));
  for (int i = 0; i < 2; ++i) replicas_.Get(i)->Terminate();
  EXPECT_THAT(LeftInWork(), IsEmpty());

  fmt::print("{} services and {} Helms killed during {} operations:", killed_services_,
             killed_helms_, acknowledged_.load());
  for (const auto& [outcome, count] : tally_.Get()) fmt::print(" {} {}", count, outcome);
  fmt::print("\n");
}

}  // namespace
}  // namespace berth::helm
