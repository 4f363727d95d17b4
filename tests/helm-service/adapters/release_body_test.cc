#include "helm-service/adapters/release_body.h"

#include <random>
#include <string>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

Json MakeRelease() {
  return Json::parse(R"({
    "name": "web",
    "info": {"first_deployed": "2026-01-01T00:00:00Z", "last_deployed": "2026-01-02T03:04:05.6Z",
             "deleted": "", "description": "Install complete", "status": "pending-install",
             "notes": "Hello",
             "resources": {"v1/Pod": [{"metadata": {"name": "x"}}]}},
    "chart": {"metadata": {"name": "chart", "version": "1.2.3", "appVersion": "9.9",
                           "dependencies": [{"name": "other", "version": "0.0.1"}]},
              "templates": [{"name": "a", "data": "eA=="}]},
    "config": {"big": 12345678901234567, "float": 1.5},
    "version": 1})");
}

std::string Pack(const std::string& bytes) { return absl::Base64Escape(absl::Base64Escape(bytes)); }

std::string Unpack(const std::string& data) {
  std::string outer;
  std::string inner;
  absl::Base64Unescape(data, &outer);
  absl::Base64Unescape(outer, &inner);
  return inner;
}

std::string Helm(const Json& release) { return Pack(TarBuilder::Gzip(release.dump())); }

std::string RandomText(std::size_t size) {
  std::minstd_rand random(size);
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('A' + random() % 50);
  return text;
}

TEST(ReadReleaseBodyTest, ReadsWhatHelmStored) {
  const auto body = ReadReleaseBody(Helm(MakeRelease()));
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->chart_name, "chart");
  EXPECT_EQ(body->chart_version, "1.2.3");
  EXPECT_EQ(body->app_version, "9.9");
  EXPECT_EQ(body->first_deployed, "2026-01-01T00:00:00Z");
  EXPECT_EQ(body->last_deployed, "2026-01-02T03:04:05.6Z");
  EXPECT_EQ(body->description, "Install complete");
  EXPECT_EQ(body->notes, "Hello");
}

TEST(ReadReleaseBodyTest, ReadsBareJsonOfOldHelms) {
  EXPECT_EQ(ReadReleaseBody(Pack(MakeRelease().dump()))->chart_version, "1.2.3");
}

TEST(ReadReleaseBodyTest, StopsBeforeTheTemplates) {
  Json release = MakeRelease();
  release["chart"]["templates"][0]["data"] = std::string(5'000'000, 'x');
  std::string packed = TarBuilder::Gzip(release.dump());
  packed.resize(packed.size() / 2);  // the rest would be missed, were it looked for
  EXPECT_EQ(ReadReleaseBody(Pack(packed))->chart_version, "1.2.3");
}

TEST(ReadReleaseBodyTest, DecodesPieceByPieceWhateverTheirLengths) {
  Json release = MakeRelease();
  for (std::size_t size = 11'990; size < 12'320; size += 7) {
    // Hardly packed: the encoded body spans several pieces.
    const std::string description = RandomText(size);
    release["info"]["description"] = description;
    const auto body = ReadReleaseBody(Helm(release));
    ASSERT_TRUE(body.ok()) << size << body.status();
    EXPECT_EQ(body->description, description);
    EXPECT_EQ(body->chart_version, "1.2.3");
  }
}

TEST(ReadReleaseBodyTest, ReadsBase64WithLineBreaks) {
  std::string inner = absl::Base64Escape(TarBuilder::Gzip(MakeRelease().dump()));
  for (std::size_t i = 76; i < inner.size(); i += 77) inner.insert(i, "\n");
  EXPECT_EQ(ReadReleaseBody(absl::Base64Escape(inner))->chart_version, "1.2.3");
}

TEST(ReadReleaseBodyTest, RefusesWhatIsNoRelease) {
  for (const std::string& data :
       {std::string(), std::string("%%%"), Pack("hello"), Pack("{}"), Pack("\x1f\x8b\x08junk"),
        Pack(TarBuilder::Gzip("[1,2")), Helm(Json{{"info", Json::object()}})}) {
    EXPECT_EQ(ReadReleaseBody(data).status().code(), absl::StatusCode::kDataLoss) << data;
  }
}

TEST(ReadReleaseBodyTest, StopsUnpackingAtItsLimit) {
  Json release = {{"manifest", std::string(1'000'000, ' ')}};
  release.update(MakeRelease());
  EXPECT_TRUE(ReadReleaseBody(Helm(release)).ok());
  EXPECT_EQ(ReadReleaseBody(Helm(release), 500'000).status().code(), absl::StatusCode::kDataLoss);
}

Json MakeContent() {
  Json release = MakeRelease();
  release["manifest"] = "---\nkind: Service\n";
  release["hooks"] = Json::parse(R"([
    {"name": "migrate", "kind": "Job", "path": "web/templates/migrate.yaml", "manifest": "kind: Job",
     "events": ["pre-install", "pre-upgrade"],
     "last_run": {"started_at": "2026-01-02T03:04:05.6+01:00", "completed_at": "", "phase": "Running"},
     "weight": -5, "delete_policies": ["hook-succeeded"]},
    {"name": "check", "kind": "Pod", "manifest": "kind: Pod", "events": ["test"],
     "last_run": {"started_at": "", "completed_at": "", "phase": ""}}])");
  return release;
}

TEST(ReadReleaseContentTest, ReadsManifestAndHooks) {
  const auto content = ReadReleaseContent(Helm(MakeContent()));
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->manifest, "---\nkind: Service\n");
  ASSERT_EQ(content->hooks.size(), 2u);
  const ReleaseHook& migrate = content->hooks[0];
  EXPECT_EQ(migrate.name, "migrate");
  EXPECT_EQ(migrate.kind, "Job");
  EXPECT_EQ(migrate.manifest, "kind: Job");
  EXPECT_THAT(migrate.events, ::testing::ElementsAre("pre-install", "pre-upgrade"));
  EXPECT_EQ(migrate.started_at, "2026-01-02T03:04:05.6+01:00");
  EXPECT_EQ(migrate.completed_at, "");
  EXPECT_EQ(migrate.phase, "Running");
  EXPECT_EQ(migrate.path, "web/templates/migrate.yaml");
  EXPECT_EQ(migrate.weight, -5);
  EXPECT_THAT(migrate.delete_policies, ::testing::ElementsAre("hook-succeeded"));
  EXPECT_EQ(content->hooks[1].name, "check");
  EXPECT_THAT(content->hooks[1].events, ::testing::ElementsAre("test"));
  EXPECT_EQ(content->hooks[1].phase, "");
}

TEST(ReadReleaseContentTest, TakesAReleaseWithoutHooks) {
  const auto content = ReadReleaseContent(Helm(Json{{"manifest", "x"}, {"hooks", nullptr}}));
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->manifest, "x");
  EXPECT_THAT(content->hooks, ::testing::IsEmpty());
}

TEST(ReadReleaseContentTest, RefusesWhatIsCutOffOrTooLarge) {
  Json release = MakeContent();
  std::string packed = TarBuilder::Gzip(release.dump());
  packed.resize(packed.size() - 20);
  EXPECT_EQ(ReadReleaseContent(Pack(packed)).status().code(), absl::StatusCode::kDataLoss);
  release["manifest"] = std::string(1'000'000, ' ');
  EXPECT_TRUE(ReadReleaseContent(Helm(release)).ok());
  EXPECT_EQ(ReadReleaseContent(Helm(release), 500'000).status().code(),
            absl::StatusCode::kDataLoss);
  for (int i = 0; i < 1'000; ++i) release["hooks"].push_back(Json::object());
  EXPECT_EQ(ReadReleaseContent(Helm(release)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ReadReleaseValuesTest, ReadsWhatTheUserGaveAndTheChartsDefaults) {
  Json release = MakeRelease();
  release["chart"]["values"] = {{"a", {{"b", 1}}}, {"templates", "x"}};
  for (const std::string& data : {Helm(release), Pack(release.dump())}) {
    const auto values = ReadReleaseValues(data);
    ASSERT_TRUE(values.ok()) << values.status();
    EXPECT_EQ(values->user, (nlohmann::json{{"big", 12345678901234567}, {"float", 1.5}}));
    EXPECT_EQ(values->defaults, (nlohmann::json{{"a", {{"b", 1}}}, {"templates", "x"}}));
  }
}

TEST(ReadReleaseValuesTest, TakesAbsentValuesForEmptyOnes) {
  const auto values = ReadReleaseValues(Pack(R"({"config": null, "chart": {"values": null}})"));
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->user, nlohmann::json::object());
  EXPECT_EQ(values->defaults, nlohmann::json::object());
}

TEST(ReadReleaseValuesTest, RefusesWhatIsNoRelease) {
  std::string cut = TarBuilder::Gzip(MakeRelease().dump());
  cut.resize(cut.size() / 2);
  for (const std::string& data : {std::string(), std::string("%"), Pack("[]"), Pack(cut)}) {
    EXPECT_EQ(ReasonOf(ReadReleaseValues(data).status()), Reason::ERROR_REASON_RELEASE_UNREADABLE)
        << data;
  }
  Json large = MakeRelease();
  large["manifest"] = std::string(1'000'000, 'x');
  EXPECT_EQ(ReadReleaseValues(Helm(large), 500'000).status().code(), absl::StatusCode::kDataLoss);
}

TEST(WithStatusTest, ReplacesStatusAndDescriptionAndKeepsTheRest) {
  const auto data = WithStatus(Helm(MakeRelease()), "failed", "killed");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(Unpack(*data), ::testing::StartsWith("\x1f\x8b\x08"));
  // Reading it back through another change unpacks it.
  const auto body = ReadReleaseBody(*data);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->description, "killed");
  EXPECT_EQ(body->chart_version, "1.2.3");
  EXPECT_EQ(body->notes, "Hello");
}

TEST(WithStatusTest, ChangesNothingElseByAByte) {
  Json expected = MakeRelease();
  const auto data = WithStatus(Pack(expected.dump()), "failed", "killed");
  ASSERT_TRUE(data.ok()) << data.status();
  expected["info"]["status"] = "failed";
  expected["info"]["description"] = "killed";
  EXPECT_EQ(Unpack(*data), expected.dump());
  EXPECT_THAT(Unpack(*data), HasSubstr("12345678901234567"));
}

TEST(WithStatusTest, RefusesWhatIsNoRelease) {
  EXPECT_EQ(WithStatus(Pack("[]"), "failed", "").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(WithStatus("%", "failed", "").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace berth::helm
