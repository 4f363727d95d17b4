#include "helm-service/adapters/kube_release_store.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/kube/clock.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/kube/fake_transport.h"
#include "tests/helm-service/domain/summary_builder.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

kube::Json Secret(int revision) {
  const kube::Json body = {{"info", {{"description", fmt::format("revision {}", revision)}}},
                           {"chart", {{"metadata", {{"name", "web"}, {"version", "1.0.0"}}}}}};
  return {{"metadata",
           {{"resourceVersion", "7"},
            {"labels",
             {{"owner", "helm"},
              {"name", "web"},
              {"status", "deployed"},
              {"version", std::to_string(revision)}}}}},
          {"data", {{"release", absl::Base64Escape(absl::Base64Escape(body.dump()))}}}};
}

class KubeReleaseStoreTest : public ::testing::Test {
 protected:
  KubeReleaseStoreTest() {
    auto transport = std::make_unique<kube::FakeTransport>();
    server_ = transport.get();
    client_ = std::make_unique<kube::Client>(std::move(transport), kube::RealClock());
    store_ =
        std::make_unique<KubeReleaseStore>(*client_, [this](const ReleaseKey&) { return likely_; });
  }

  void ReplySecret(int revision) { server_->Reply(200, Secret(revision)); }
  void ReplyNone() { server_->Reply(404, kube::KubernetesStatusObject(404, "NotFound")); }
  void ReplyList(const std::vector<int>& revisions) {
    kube::Json items = kube::Json::array();
    for (const int revision : revisions) items.push_back(Secret(revision));
    server_->Reply(200, {{"items", items}});
  }

  int Newest() {
    const auto newest = store_->Newest(key_);
    EXPECT_TRUE(newest.ok()) << newest.status();
    return newest.ok() && newest->has_value() ? (*newest)->revision : 0;
  }

  // "v3" for the Secret of a revision, "list" for a list.
  std::vector<std::string> Asked() const {
    std::vector<std::string> asked;
    for (const kube::HttpRequest& request : server_->requests()) {
      const std::size_t version = request.target.find(".v1.web.");
      asked.push_back(version == std::string::npos ? "list" : request.target.substr(version + 8));
    }
    return asked;
  }

  const ReleaseKey key_ = MakeKey("shop", "web");
  std::optional<int> likely_;
  kube::FakeTransport* server_ = nullptr;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<KubeReleaseStore> store_;
};

TEST_F(KubeReleaseStoreTest, ListsNothingWhenTheCopyIsRight) {
  likely_ = 3;
  ReplySecret(3);
  ReplyNone();
  EXPECT_EQ(Newest(), 3);
  EXPECT_THAT(Asked(), ElementsAre("v3", "v4"));
}

TEST_F(KubeReleaseStoreTest, KnowsThatThereIsNoRelease) {
  likely_ = 0;
  ReplyNone();
  EXPECT_EQ(Newest(), 0);
  EXPECT_THAT(Asked(), ElementsAre("v1"));
}

TEST_F(KubeReleaseStoreTest, FindsRevisionsThatTheCopyHasNotHeardOf) {
  likely_ = 0;
  ReplySecret(1);
  ReplySecret(2);
  ReplyNone();
  EXPECT_EQ(Newest(), 2);
  EXPECT_THAT(Asked(), ElementsAre("v1", "v2", "v3"));
}

TEST_F(KubeReleaseStoreTest, ListsWhenTheCopyIsFarBehind) {
  likely_ = 3;
  ReplySecret(3);
  ReplySecret(4);
  ReplySecret(5);
  ReplySecret(6);
  ReplyList({3, 4, 5, 6, 7});
  EXPECT_EQ(Newest(), 7);
}

TEST_F(KubeReleaseStoreTest, ListsWhenTheCopysRevisionIsGone) {
  likely_ = 3;
  ReplyNone();
  ReplyList({5, 12});
  EXPECT_EQ(Newest(), 12);
  EXPECT_THAT(Asked(), ElementsAre("v3", "list"));
}

TEST_F(KubeReleaseStoreTest, ListsWithoutACompleteCopy) {
  ReplyList({});
  EXPECT_EQ(Newest(), 0);
  EXPECT_THAT(Asked(), ElementsAre("list"));
}

TEST_F(KubeReleaseStoreTest, ReadsTheNewestAndMakesSureOfIt) {
  likely_ = 3;
  ReplySecret(3);
  ReplyNone();
  EXPECT_EQ(store_->Read(key_, std::nullopt)->description, "revision 3");
  EXPECT_THAT(Asked(), ElementsAre("v3", "v4"));
}

TEST_F(KubeReleaseStoreTest, ReadsALaterRevisionThanTheCopys) {
  likely_ = 3;
  ReplySecret(3);
  ReplySecret(4);  // there is a next one
  ReplySecret(3);
  ReplySecret(4);
  ReplyNone();
  ReplySecret(4);
  EXPECT_EQ(store_->Read(key_, std::nullopt)->description, "revision 4");
}

TEST_F(KubeReleaseStoreTest, SaysThatThereIsNoReleaseToRead) {
  likely_ = 0;
  ReplyNone();
  const absl::Status error = store_->Read(key_, std::nullopt).status();
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_RELEASE_NOT_FOUND);
  EXPECT_THAT(std::string(error.message()), StartsWith("release shop/web does not exist"));
}

}  // namespace
}  // namespace berth::helm
