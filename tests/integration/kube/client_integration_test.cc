#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "common/kube/client.h"
#include "common/kube/curl_transport.h"
#include "common/kube/object.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/fault_transport.h"
#include "tests/integration/harness/tcp_proxy.h"
#include "tests/integration/kube/objects.h"

namespace berth::kube {
namespace {

using harness::ApiServer;
using harness::Fault;
using harness::FaultTransport;
using harness::TcpProxy;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::SizeIs;

class ClientIntegrationTest : public testing::Test {
 protected:
  ApiServer& server_ = ApiServer::Shared();
  std::unique_ptr<Client> client_ = server_.MakeClient();
  const std::string ns_ = server_.MakeNamespace();

  ObjectName InNamespace(const std::string& name) const { return {.ns = ns_, .name = name}; }

  Json MustCreate(const Json& object) {
    auto created = client_->Create(kConfigMaps, object);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : Json::object();
  }

  void CreateMany(int count) {
    std::vector<std::jthread> writers;
    std::atomic<int> next = 0;
    std::atomic<int> failed = 0;
    for (int writer = 0; writer < 32; ++writer) {
      writers.emplace_back([&] {
        for (int i = next++; i < count; i = next++) {
          if (!client_->Create(kConfigMaps, ConfigMap(ns_, "many-" + std::to_string(i))).ok()) {
            ++failed;
          }
        }
      });
    }
    writers.clear();
    ASSERT_EQ(failed, 0);
  }
};

TEST_F(ClientIntegrationTest, CreatesGetsUpdatesPatchesAndDeletes) {
  const Json created = MustCreate(ConfigMap(ns_, "a", "1"));
  EXPECT_FALSE(Uid(created).empty());

  auto read = client_->Get(kConfigMaps, InNamespace("a"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, created);

  Json changed = *read;
  changed["data"]["value"] = "2";
  const auto updated = client_->Update(kConfigMaps, changed);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(ValueOf(*updated), "2");

  const auto patched =
      client_->Patch(kConfigMaps, InNamespace("a"), {{"data", {{"value", "3"}, {"more", "x"}}}});
  ASSERT_TRUE(patched.ok()) << patched.status();
  EXPECT_EQ(ValueOf(*patched), "3");
  EXPECT_EQ(StringAt(*patched, {"data", "more"}), "x");

  const auto deleted =
      client_->Delete(kConfigMaps, InNamespace("a"),
                      {.uid = Uid(created), .resource_version = ResourceVersion(*patched)});
  EXPECT_TRUE(deleted.ok()) << deleted;
  const auto gone = client_->Get(kConfigMaps, InNamespace("a"));
  EXPECT_TRUE(kube::IsNotFound(gone.status())) << gone.status();
  EXPECT_EQ(ReasonOf(gone.status()), Reason::ERROR_REASON_KUBERNETES_NOT_FOUND);
  EXPECT_THAT(std::string(gone.status().message()), HasSubstr("get configmaps " + ns_ + "/a"));
}

TEST_F(ClientIntegrationTest, UpdatesTheStatusOfACustomResourceAndLeavesItsSpecAlone) {
  Json exposure = NewObject(kExposures, InNamespace("web"));
  exposure["spec"] = {{"targetRef", {{"kind", "Service"}, {"name", "web"}}},
                      {"poolRef", {{"name", "shared"}}},
                      {"ports", {{{"name", "tcp"}, {"targetPort", 80}, {"protocol", "TCP"}}}}};
  auto created = client_->Create(kExposures, exposure);
  ASSERT_TRUE(created.ok()) << created.status();
  SetCondition(*created,
               {.type = "Ready",
                .status = ConditionStatus::kTrue,
                .reason = "Programmed",
                .observed_generation = 1},
               Time());
  (*created)["spec"]["ports"] = Json::array();
  const auto updated = client_->UpdateStatus(kExposures, *created);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_TRUE(IsConditionTrue(*updated, "Ready"));
  EXPECT_EQ(At(*updated, {"spec"}), At(exposure, {"spec"}));
}

TEST_F(ClientIntegrationTest, RefusesAStaleUpdateAsAConflict) {
  Json stale = MustCreate(ConfigMap(ns_, "a"));
  ASSERT_TRUE(client_->Patch(kConfigMaps, InNamespace("a"), {{"data", {{"value", "2"}}}}).ok());
  stale["data"]["value"] = "3";
  const auto refused = client_->Update(kConfigMaps, stale);
  EXPECT_TRUE(kube::IsConflict(refused.status())) << refused.status();
  EXPECT_FALSE(MayHaveBeenApplied(refused.status()));
}

TEST_F(ClientIntegrationTest, RefusesAnUpdateWithoutResourceVersion) {
  MustCreate(ConfigMap(ns_, "a"));
  const auto refused = client_->Update(kConfigMaps, ConfigMap(ns_, "a", "2"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ClientIntegrationTest, RefusesAPatchWhoseResourceVersionIsStale) {
  const Json created = MustCreate(ConfigMap(ns_, "a"));
  const Json patch = {{"metadata", {{"resourceVersion", ResourceVersion(created)}}},
                      {"data", {{"value", "2"}}}};
  ASSERT_TRUE(client_->Patch(kConfigMaps, InNamespace("a"), patch).ok());
  const auto refused = client_->Patch(kConfigMaps, InNamespace("a"), patch);
  EXPECT_TRUE(kube::IsConflict(refused.status())) << refused.status();
}

TEST_F(ClientIntegrationTest, DeletesOnlyTheObjectThatWasRead) {
  const Json created = MustCreate(ConfigMap(ns_, "a"));
  const absl::Status other_uid = client_->Delete(kConfigMaps, InNamespace("a"),
                                                 {.uid = "00000000-0000-0000-0000-000000000000"});
  EXPECT_TRUE(kube::IsConflict(other_uid)) << other_uid;
  ASSERT_TRUE(client_->Patch(kConfigMaps, InNamespace("a"), {{"data", {{"value", "2"}}}}).ok());
  const absl::Status old_version =
      client_->Delete(kConfigMaps, InNamespace("a"),
                      {.uid = Uid(created), .resource_version = ResourceVersion(created)});
  EXPECT_TRUE(kube::IsConflict(old_version)) << old_version;
  EXPECT_TRUE(client_->Get(kConfigMaps, InNamespace("a")).ok());
}

TEST_F(ClientIntegrationTest, TellsWhyACreateFailed) {
  MustCreate(ConfigMap(ns_, "a"));
  const auto again = client_->Create(kConfigMaps, ConfigMap(ns_, "a"));
  EXPECT_TRUE(kube::IsAlreadyExists(again.status())) << again.status();
  EXPECT_FALSE(MayHaveBeenApplied(again.status()));

  const auto invalid = client_->Create(kConfigMaps, ConfigMap(ns_, "Not A Name"));
  EXPECT_TRUE(kube::IsInvalid(invalid.status())) << invalid.status();
  ASSERT_THAT(Causes(invalid.status()), SizeIs(1));
  EXPECT_EQ(Causes(invalid.status())[0].field, "metadata.name");

  const auto no_namespace = client_->Create(kConfigMaps, ConfigMap("no-such-namespace", "a"));
  EXPECT_TRUE(kube::IsNotFound(no_namespace.status())) << no_namespace.status();
  EXPECT_EQ(ReasonOf(no_namespace.status()), Reason::ERROR_REASON_NAMESPACE_NOT_FOUND);
}

TEST_F(ClientIntegrationTest, TellsANamespaceThatIsBeingDeleted) {
  // No controller empties it, so it stays in this state.
  ASSERT_TRUE(client_->Delete(kNamespaces, {.ns = "", .name = ns_}, {}).ok());
  const auto refused = client_->Create(kConfigMaps, ConfigMap(ns_, "late"));
  EXPECT_TRUE(IsNamespaceTerminating(refused.status())) << refused.status();
}

TEST_F(ClientIntegrationTest, KeepsAnObjectUntilItsFinalizersAreGone) {
  Json object = ConfigMap(ns_, "a");
  AddFinalizer(object, "berth.dev/test");
  const Json created = MustCreate(object);
  ASSERT_TRUE(client_->Delete(kConfigMaps, InNamespace("a"), {.uid = Uid(created)}).ok());
  auto deleting = client_->Get(kConfigMaps, InNamespace("a"));
  ASSERT_TRUE(deleting.ok()) << deleting.status();
  EXPECT_TRUE(IsBeingDeleted(*deleting));
  EXPECT_TRUE(RemoveFinalizer(*deleting, "berth.dev/test"));
  EXPECT_TRUE(client_->Update(kConfigMaps, *deleting).ok());
  EXPECT_TRUE(kube::IsNotFound(client_->Get(kConfigMaps, InNamespace("a")).status()));
}

TEST_F(ClientIntegrationTest, DryRunsChangeNothing) {
  const auto dry = client_->Create(kConfigMaps, ConfigMap(ns_, "a"), {.effect = Effect::kDryRun});
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_TRUE(kube::IsNotFound(client_->Get(kConfigMaps, InNamespace("a")).status()));

  const Json created = MustCreate(ConfigMap(ns_, "a"));
  EXPECT_TRUE(client_
                  ->Delete(kConfigMaps, InNamespace("a"), {.uid = Uid(created)},
                           {.effect = Effect::kDryRun})
                  .ok());
  EXPECT_TRUE(client_->Get(kConfigMaps, InNamespace("a")).ok());
}

TEST_F(ClientIntegrationTest, ListsInPagesAndInOnePiece) {
  CreateMany(25);
  auto page = client_->ListPage(kConfigMaps, ns_, {.page_size = 10});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->items, SizeIs(10));
  ASSERT_FALSE(page->continue_token.empty());
  const std::string version = page->resource_version;
  page = client_->ListPage(kConfigMaps, ns_,
                           {.page_size = 10, .continue_token = page->continue_token});
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->resource_version, version);

  const auto all = client_->List(kConfigMaps, ns_, {.page_size = 10});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_THAT(all->items, SizeIs(25));
  EXPECT_EQ(StringAt(all->items[0], {"kind"}), "ConfigMap");
  EXPECT_EQ(StringAt(all->items[0], {"apiVersion"}), "v1");
  EXPECT_FALSE(all->resource_version.empty());
}

TEST_F(ClientIntegrationTest, ListsByLabelAndFieldAndMetadataAlone) {
  Json labelled = ConfigMap(ns_, "a");
  SetLabel(labelled, "berth.dev/test", "yes");
  MustCreate(labelled);
  MustCreate(ConfigMap(ns_, "b"));
  const auto by_label = client_->List(
      kConfigMaps, ns_, {.label_selector = "berth.dev/test=yes", .form = Form::kMetadata});
  ASSERT_TRUE(by_label.ok()) << by_label.status();
  ASSERT_THAT(by_label->items, SizeIs(1));
  EXPECT_EQ(Name(by_label->items[0]), "a");
  EXPECT_FALSE(by_label->items[0].contains("data"));

  const auto by_field = client_->List(kConfigMaps, ns_, {.field_selector = "metadata.name=b"});
  ASSERT_TRUE(by_field.ok()) << by_field.status();
  ASSERT_THAT(by_field->items, SizeIs(1));
  EXPECT_EQ(ValueOf(by_field->items[0]), "1");

  const auto one = client_->Get(kConfigMaps, InNamespace("a"), {.form = Form::kMetadata});
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_FALSE(one->contains("data"));
  EXPECT_EQ(Name(*one), "a");
}

TEST_F(ClientIntegrationTest, BeginsAListAnewWhenItsContinueTokenExpires) {
  CreateMany(20);
  const auto page = client_->ListPage(kConfigMaps, ns_, {.page_size = 10});
  ASSERT_TRUE(page.ok()) << page.status();
  MustCreate(ConfigMap(ns_, "later"));
  ASSERT_TRUE(server_.CompactStore().ok());
  // A running server may still have the old revision in memory.
  server_.Kill();
  ASSERT_TRUE(server_.StartAgain().ok());
  const auto expired = client_->ListPage(kConfigMaps, ns_,
                                         {.page_size = 10, .continue_token = page->continue_token});
  EXPECT_TRUE(IsExpired(expired.status())) << expired.status();
  const auto whole =
      client_->List(kConfigMaps, ns_, {.page_size = 10, .continue_token = page->continue_token});
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_THAT(whole->items, SizeIs(21));
}

TEST_F(ClientIntegrationTest, NamesCannotLeaveTheirCollection) {
  for (const std::string name : {"../secrets/x", "..", "a/b", "a?dryRun=All", "a%2Fb"}) {
    const auto read = client_->Get(kConfigMaps, InNamespace(name));
    EXPECT_FALSE(read.ok()) << name;
    EXPECT_TRUE(kube::IsNotFound(read.status()) || kube::IsInvalid(read.status()))
        << name << ": " << read.status();
  }
  EXPECT_EQ(client_->Get(kConfigMaps, InNamespace("")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ClientIntegrationTest, KnowsTheServersTime) {
  const auto time = client_->ServerTime();
  ASSERT_TRUE(time.ok()) << time.status();
  const auto local =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  EXPECT_LT(std::chrono::abs(local - *time), milliseconds(1500));
}

TEST_F(ClientIntegrationTest, ReadsARotatedTokenFileForEveryRequest) {
  const std::string file = server_.folder() + "/rotated-token";
  std::ofstream(file) << ApiServer::reader_token() << "\n";
  Config config = server_.config();
  config.client_certificate_pem.clear();
  config.client_key_pem.clear();
  config.token_file = file;
  const auto client = Client::Create(config, {});
  ASSERT_TRUE(client.ok()) << client.status();

  const auto as_reader = (*client)->ListPage(kSecrets, ns_, {});
  EXPECT_TRUE(kube::IsForbidden(as_reader.status())) << as_reader.status();
  std::ofstream(file) << ApiServer::admin_token();
  const auto as_admin = (*client)->ListPage(kSecrets, ns_, {});
  EXPECT_TRUE(as_admin.ok()) << as_admin.status();
  std::ofstream(file) << "nobody's";
  const auto as_nobody = (*client)->ListPage(kSecrets, ns_, {});
  EXPECT_EQ(as_nobody.status().code(), absl::StatusCode::kUnauthenticated) << as_nobody.status();
}

TEST_F(ClientIntegrationTest, RefusesAServerItsAuthoritiesDidNotSign) {
  Config config = server_.config();
  config.ca_pem = config.client_certificate_pem;
  const auto client = Client::Create(config, {});
  ASSERT_TRUE(client.ok()) << client.status();
  const absl::Status status = (*client)->CheckReady({.retry = Retry::kNever});
  EXPECT_TRUE(kube::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("certificate"));
}

TEST_F(ClientIntegrationTest, StopsACallThatWaits) {
  const auto proxy = TcpProxy::Start(server_.port());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  (*proxy)->Stall(true);
  Config config = server_.config();
  config.server = "https://127.0.0.1:" + std::to_string((*proxy)->port());
  const auto client = Client::Create(config, {});
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto status = (*client)->CheckReady({.stop = source.get_token()});
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
}

TEST_F(ClientIntegrationTest, GivesUpAtItsTimeout) {
  const auto proxy = TcpProxy::Start(server_.port());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  (*proxy)->Stall(true);
  Config config = server_.config();
  config.server = "https://127.0.0.1:" + std::to_string((*proxy)->port());
  const auto client = Client::Create(config, {});
  const auto begun = steady_clock::now();
  const auto status = (*client)->CheckReady({.timeout = milliseconds(300)});
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_TRUE(kube::IsUnavailable(status));
  EXPECT_LT(steady_clock::now() - begun, seconds(3));
}

/// A client whose requests a test spoils.
class ClientFaultTest : public ClientIntegrationTest {
 protected:
  ClientFaultTest() {
    auto transport = CurlTransport::Create(server_.config(), "berth-test");
    auto faults = std::make_unique<FaultTransport>(*std::move(transport));
    faults_ = faults.get();
    faulty_ = std::make_unique<Client>(std::move(faults), RealClock());
  }

  std::unique_ptr<Client> faulty_;
  FaultTransport* faults_ = nullptr;
};

TEST_F(ClientFaultTest, RepeatsReadsAfterServerErrorsOverloadAndLostAnswers) {
  MustCreate(ConfigMap(ns_, "a"));
  const auto gets = harness::Method(HttpMethod::kGet);
  faults_->Add({.kind = Fault::Kind::kStatus, .http_status = 503}, gets);
  faults_->Add({.kind = Fault::Kind::kStatus, .http_status = 429, .retry_after = "0"}, gets);
  faults_->Add({.kind = Fault::Kind::kAnswerLost}, gets);
  faults_->Add({.kind = Fault::Kind::kNotSent}, gets);
  const auto read = faulty_->Get(kConfigMaps, InNamespace("a"));
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(faults_->pending(), 0);
}

TEST_F(ClientFaultTest, TellsThatACreateMayHaveMetItsOwnSuccess) {
  faults_->Add({.kind = Fault::Kind::kAnswerLost}, harness::Method(HttpMethod::kPost));
  const auto created = faulty_->Create(kConfigMaps, ConfigMap(ns_, "a"));
  EXPECT_TRUE(kube::IsAlreadyExists(created.status())) << created.status();
  EXPECT_TRUE(MayHaveBeenApplied(created.status()));
  EXPECT_TRUE(client_->Get(kConfigMaps, InNamespace("a")).ok());
}

TEST_F(ClientFaultTest, CreatesOnceWhenTheFirstTryNeverLeft) {
  faults_->Add({.kind = Fault::Kind::kNotSent}, harness::Method(HttpMethod::kPost));
  faults_->Add({.kind = Fault::Kind::kStatus, .http_status = 429},
               harness::Method(HttpMethod::kPost));
  const auto created = faulty_->Create(kConfigMaps, ConfigMap(ns_, "a"));
  EXPECT_TRUE(created.ok()) << created.status();
}

TEST_F(ClientFaultTest, NeverRepeatsACreateWhoseNameTheServerChooses) {
  Json object = ConfigMap(ns_, "");
  object["metadata"].erase("name");
  object["metadata"]["generateName"] = "generated-";
  faults_->Add({.kind = Fault::Kind::kAnswerLost}, harness::Method(HttpMethod::kPost));
  const auto created = faulty_->Create(kConfigMaps, object);
  EXPECT_TRUE(kube::IsUnavailable(created.status())) << created.status();
  EXPECT_TRUE(MayHaveBeenApplied(created.status()));
  EXPECT_THAT(client_->List(kConfigMaps, ns_)->items, SizeIs(1));
}

TEST_F(ClientFaultTest, TellsThatAnUpdateAndADeleteMayHaveMetTheirOwnSuccess) {
  Json object = MustCreate(ConfigMap(ns_, "a"));
  object["data"]["value"] = "2";
  faults_->Add({.kind = Fault::Kind::kAnswerLost}, harness::Method(HttpMethod::kPut));
  const auto updated = faulty_->Update(kConfigMaps, object);
  EXPECT_TRUE(kube::IsConflict(updated.status())) << updated.status();
  EXPECT_TRUE(MayHaveBeenApplied(updated.status()));
  EXPECT_EQ(ValueOf(*client_->Get(kConfigMaps, InNamespace("a"))), "2");

  faults_->Add({.kind = Fault::Kind::kAnswerLost}, harness::Method(HttpMethod::kDelete));
  const absl::Status deleted = faulty_->Delete(kConfigMaps, InNamespace("a"), {.uid = Uid(object)});
  EXPECT_TRUE(kube::IsNotFound(deleted)) << deleted;
  EXPECT_TRUE(MayHaveBeenApplied(deleted));
}

TEST_F(ClientFaultTest, RepeatsNothingWhenAskedNotTo) {
  faults_->Add({.kind = Fault::Kind::kStatus, .http_status = 503},
               harness::Method(HttpMethod::kGet));
  const absl::Status status = faulty_->CheckReady({.retry = Retry::kNever});
  EXPECT_TRUE(kube::IsUnavailable(status)) << status;
  EXPECT_EQ(faults_->pending(), 0);
}

TEST_F(ClientIntegrationTest, SurvivesConnectionsThatAreCutAgainAndAgain) {
  const auto proxy = TcpProxy::Start(server_.port());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  Config config = server_.config();
  config.server = "https://127.0.0.1:" + std::to_string((*proxy)->port());
  const auto client = Client::Create(config, {});
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 8; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; i < 25; ++i) {
          const Json object = ConfigMap(ns_, "cut-" + std::to_string(writer * 100 + i));
          const auto created = (*client)->Create(kConfigMaps, object);
          const bool own =
              kube::IsAlreadyExists(created.status()) && MayHaveBeenApplied(created.status());
          EXPECT_TRUE(created.ok() || own) << created.status();
          if (++made % 10 == 0) (*proxy)->CutConnections();
        }
      });
    }
  }
  EXPECT_THAT(client_->List(kConfigMaps, ns_)->items, SizeIs(200));
  EXPECT_GT((*proxy)->connections_made(), 5);
}

TEST_F(ClientIntegrationTest, CreatesInParallelOverFewConnections) {
  const auto proxy = TcpProxy::Start(server_.port());
  ASSERT_TRUE(proxy.ok()) << proxy.status();
  Config config = server_.config();
  config.server = "https://127.0.0.1:" + std::to_string((*proxy)->port());
  client_ = *Client::Create(config, {});
  const auto begun = steady_clock::now();
  CreateMany(2000);
  const std::chrono::duration<double> took = steady_clock::now() - begun;
  RecordProperty("creates_per_second", static_cast<int>(2000 / took.count()));
  EXPECT_LE((*proxy)->connections_made(), 2);
}

TEST_F(ClientIntegrationTest, CallsWaitForARestartingServer) {
  server_.Kill();
  std::jthread writer([this] {
    const auto created =
        client_->Create(kConfigMaps, ConfigMap(ns_, "a"), {.call = {.timeout = seconds(60)}});
    EXPECT_TRUE(created.ok() || MayHaveBeenApplied(created.status())) << created.status();
  });
  const absl::Status started = server_.StartAgain();
  ASSERT_TRUE(started.ok()) << started;
  writer.join();
  EXPECT_TRUE(client_->Get(kConfigMaps, InNamespace("a")).ok());
}

}  // namespace
}  // namespace berth::kube
