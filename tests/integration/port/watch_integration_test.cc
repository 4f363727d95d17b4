// What WatchClaims tells, from a real API server.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "common/grpc/channel.h"
#include "common/kube/resource.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/port/port_harness.h"

namespace berth::port {
namespace {

using harness::ApiServer;
using harness::Eventually;

/// One call of WatchClaims.
class Watch {
 public:
  Watch(v1::PortService::Stub& stub, const v1::WatchClaimsRequest& request)
      : context_(rpc::MakeContext({})), reader_(stub.WatchClaims(context_.get(), request)) {}

  /// The next message but keep-alives; empty at the end.
  v1::WatchClaimsResponse Next() {
    v1::WatchClaimsResponse response;
    do {
      if (!reader_->Read(&response)) {
        return {};
      }
    } while (response.has_keep_alive());
    return response;
  }

  /// Names of the claims of the whole snapshot.
  std::set<std::string> Snapshot() {
    std::set<std::string> names;
    while (true) {
      const v1::WatchClaimsResponse response = Next();
      EXPECT_TRUE(response.has_snapshot()) << response.ShortDebugString();
      for (const v1::PortClaim& claim : response.snapshot().claims()) {
        names.insert(claim.name());
      }
      if (!response.has_snapshot() || response.snapshot().complete()) {
        return names;
      }
    }
  }

  absl::Status Finish() {
    const grpc::Status status = reader_->Finish();
    return status.ok() ? absl::OkStatus()
                       : rpc::CallError(status, *v1::WatchClaimsRequest::descriptor());
  }

 private:
  const std::unique_ptr<grpc::ClientContext> context_;
  const std::unique_ptr<grpc::ClientReader<v1::WatchClaimsResponse>> reader_;
};

class WatchIntegrationTest : public testing::Test {
 protected:
  void SetUp() override {
    ns_.MakeLoadBalancer("controller", "10.0.0.1");
    ns_.MakePool({.quarantine_seconds = 0});
    replica_ = std::make_unique<Replica>(ApiServer::Shared().MakeClient(),
                                         PortEngine::Options{.ns = ns_.name()});
    ASSERT_TRUE(Eventually([&] {
      const auto pool = GetPool(replica_->stub(), "edge");
      return pool.ok() && pool->ready();
    }));
  }

  v1::PortClaim MakeClaim(const std::string& request_id, const std::string& owner) {
    v1::ClaimRequest request = ClaimFor(request_id);
    request.set_owner(owner);
    return MustClaim(replica_->stub(), request);
  }

  PortNamespace ns_;
  std::unique_ptr<Replica> replica_;
};

TEST_F(WatchIntegrationTest, TellsWhatThereIsAndThenEveryChange) {
  const v1::PortClaim before = MakeClaim("request-1", "team-a/web");
  Watch watch(replica_->stub(), {});
  EXPECT_EQ(watch.Snapshot(), std::set({before.name()}));

  const v1::PortClaim claim = MakeClaim("request-2", "team-a/web");
  const v1::WatchClaimsResponse added = watch.Next();
  EXPECT_EQ(added.changed().uid(), claim.uid());
  EXPECT_EQ(added.changed().addresses(0).ip(), "10.0.0.1");
  MustBind(replica_->stub(), claim);
  EXPECT_EQ(watch.Next().changed().state(), v1::PortClaim::STATE_BOUND);
  ASSERT_TRUE(CallUnbind(replica_->stub(), claim.name(), claim.uid()).ok());
  v1::WatchClaimsResponse last = watch.Next();
  EXPECT_EQ(last.changed().state(), v1::PortClaim::STATE_RELEASING);
  while (last.has_changed()) {
    EXPECT_EQ(last.changed().name(), claim.name());
    last = watch.Next();
  }
  EXPECT_EQ(last.removed().name(), claim.name());
  EXPECT_EQ(last.removed().uid(), claim.uid());
}

TEST_F(WatchIntegrationTest, TellsOnlyWhatFitsAndWhatCeasesToFit) {
  v1::WatchClaimsRequest request;
  request.set_namespace_("team-b");
  request.add_states(v1::PortClaim::STATE_RESERVED);
  Watch watch(replica_->stub(), request);
  EXPECT_TRUE(watch.Snapshot().empty());
  MakeClaim("request-1", "team-a/web");
  const v1::PortClaim claim = MakeClaim("request-1", "team-b/web");
  EXPECT_EQ(watch.Next().changed().name(), claim.name()) << "and not the other team's";
  MustBind(replica_->stub(), claim);
  EXPECT_EQ(watch.Next().removed().name(), claim.name());
}

TEST_F(WatchIntegrationTest, TellsASnapshotOfManyClaimsInParts) {
  PortNamespace ns;
  ns.MakeLoadBalancer("controller", "10.0.0.2");
  ns.MakePool({.first = 20000, .last = 29999});
  const std::string pool_uid =
      ns.Get(kube::kPortPools, "edge").at("metadata").at("uid").get<std::string>();
  KubeClaimStore store(ns.client(), ns.name());
  constexpr int kClaims = 1'001;
  for (int i = 0; i < kClaims; ++i) {
    Claim claim{.name = pool::ClaimName(*pool::PoolName::Parse("edge"), pool::Protocol::kTcp,
                                        *pool::Port::Parse(20000 + i)),
                .pool_uid = pool_uid,
                .owner = *Owner::Parse("team-a/web"),
                .request_id = *RequestId::Parse("request-" + std::to_string(i)),
                .ttl = std::chrono::minutes(10)};
    ASSERT_TRUE(store.Create(claim).ok());
  }
  Replica replica(ApiServer::Shared().MakeClient(), PortEngine::Options{.ns = ns.name()});
  Watch watch(replica.stub(), {});
  EXPECT_EQ(watch.Next().snapshot().claims_size(), 500);
  EXPECT_EQ(watch.Next().snapshot().claims_size(), 500);
  const v1::WatchClaimsResponse last = watch.Next();
  EXPECT_EQ(last.snapshot().claims_size(), 1);
  EXPECT_TRUE(last.snapshot().complete());
}

TEST_F(WatchIntegrationTest, RefusesAFilterThatCannotBeReadByField) {
  v1::WatchClaimsRequest request;
  request.set_label_selector("=");
  Watch watch(replica_->stub(), request);
  watch.Next();
  const absl::Status status = watch.Finish();
  ASSERT_EQ(ReasonOf(status), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(FieldViolationsOf(status).at(0).field, "label_selector");
}

TEST_F(WatchIntegrationTest, EndsWhenTheServerStops) {
  Watch watch(replica_->stub(), {});
  watch.Snapshot();
  replica_->Drain();
  EXPECT_FALSE(watch.Next().has_changed());
  const absl::Status status = watch.Finish();
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_SHUTTING_DOWN);
  EXPECT_TRUE(RetryAfterOf(status).has_value());
}

}  // namespace
}  // namespace berth::port
