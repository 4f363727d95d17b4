#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/kube/client.h"
#include "common/kube/object.h"
#include "common/status/status.h"
#include "ingress-service/domain/rule_status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/ingress/fake_port_service.h"
#include "tests/integration/ingress/replica.h"

namespace berth::ingress {

/// A namespace of Berth, and one with the target Service "web"; a pool "edge" is to be made.
class RuleWorld {
 public:
  explicit RuleWorld(harness::ApiServer& server)
      : server_(server),
        client_(server.MakeClient()),
        ns_(server.MakeNamespace()),
        shop_(server.MakeNamespace()),
        port_service_(server.MakeClient(), ns_) {
    kube::Json target = kube::NewObject(kube::kServices, {shop_, "web"});
    target["spec"] = {{"selector", {{"app", "web"}}},
                      {"ports", kube::Json::array({{{"name", "http"}, {"port", 80}}})}};
    MustCreate(kube::kServices, target);
  }

  /// With this spec, and a range of ports.
  void MakePool(kube::Json spec) {
    kube::Json pool = kube::NewObject(kube::kPortPools, {ns_, "edge"});
    spec["portRange"] = {{"first", 1024}, {"last", 65535}};
    pool["spec"] = std::move(spec);
    pool_uid_ = kube::Uid(MustCreate(kube::kPortPools, pool));
  }

  std::unique_ptr<Replica> MakeReplica() {
    return std::make_unique<Replica>(
        server_.config(), ns_, port_service_.address(),
        // Connections would prove nothing here: nothing listens.
        PoolReconciler::Options{.absence_interval = std::chrono::milliseconds(300), .probe = true});
  }

  kube::Json MustCreate(const kube::Resource& resource, const kube::Json& object) {
    absl::StatusOr<kube::Json> created = client_->Create(resource, object);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.value_or(kube::Json::object());
  }

  static std::string NameOf(int port) { return "edge.tcp." + std::to_string(port); }

  /// A claim as port-service hands it out, and the rule that is wanted for it.
  WantedRule Claimed(int port) {
    kube::Json claim = kube::NewObject(kube::kPortClaims, {ns_, NameOf(port)});
    claim["spec"] = {{"poolRef", {{"name", "edge"}, {"uid", pool_uid_}}},
                     {"protocol", "TCP"},
                     {"port", port},
                     {"owner", "test"},
                     {"requestId", NameOf(port)},
                     {"ttlSeconds", 600},
                     {"state", "RESERVED"}};
    const kube::Json created = MustCreate(kube::kPortClaims, claim);
    return {.name = *pool::ClaimName::Parse(NameOf(port)),
            .claim_uid = kube::Uid(created),
            .target = {.ns = shop_, .service = "web", .port = pool::Port::Of<80>()}};
  }

  /// Null if there is none.
  kube::Json Read(const kube::Resource& resource, const kube::ObjectName& name) {
    return client_->Get(resource, name).value_or(kube::Json());
  }
  std::optional<Rule> RuleOf(int port) {
    return KubeRuleStore(*client_, ns_)
        .Read(*pool::ClaimName::Parse(NameOf(port)))
        .value_or(std::nullopt);
  }
  bool IsProgrammed(int port) {
    const std::optional<Rule> rule = RuleOf(port);
    return rule && StandingOf(*rule).state == RuleState::kProgrammed;
  }
  Reason WhyNot(int port) {
    const std::optional<Rule> rule = RuleOf(port);
    return rule ? StandingOf(*rule).reason : Reason::ERROR_REASON_RULE_NOT_FOUND;
  }

  kube::Client& client() { return *client_; }
  const std::string& ns() const { return ns_; }
  const std::string& shop() const { return shop_; }

 private:
  harness::ApiServer& server_;
  const std::unique_ptr<kube::Client> client_;
  const std::string ns_;
  const std::string shop_;
  FakePortService port_service_;
  std::string pool_uid_;
};

/// Calls `live_through` for each of so many writes at which a replica may die, lost or done, each
/// time with another port.
inline void AtEachWrite(
    int writes, int first_port,
    const std::function<void(int port, int step, LastWrite last)>& live_through) {
  for (int step = 1; step <= writes; ++step) {
    for (const LastWrite last : {LastWrite::kLost, LastWrite::kDone}) {
      SCOPED_TRACE(testing::Message()
                   << "step " << step << (last == LastWrite::kDone ? " done" : " lost"));
      live_through(first_port + 10 * step + (last == LastWrite::kDone ? 1 : 0), step, last);
      if (testing::Test::HasFatalFailure()) {
        return;
      }
    }
  }
}

}  // namespace berth::ingress
