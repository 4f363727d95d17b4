#include "helm-service/domain/helm_options.h"

#include <optional>
#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

constexpr HelmVersion kOldest3{3, 14, 0};
constexpr HelmVersion k316{3, 16, 4};
constexpr HelmVersion k317{3, 17, 0};
constexpr HelmVersion kOldest4{4, 0, 0};

ReleaseKey Key() { return {*NamespaceName::Parse("shop"), *ReleaseName::Parse("web")}; }

Action MakeInstall(ApplyOptions apply) {
  return {.release = Key(),
          .what = Install{.chart = ChartArchive{"..."}, .values = {}, .apply = std::move(apply)}};
}

// "option: needs", or nothing.
std::optional<std::string> Refused(const Action& action, const HelmVersion& version) {
  const absl::Status status = CheckOptions(action, version);
  if (status.ok()) return std::nullopt;
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  return MetadataOf(status, "option").value_or("") + ": " +
         MetadataOf(status, "needs").value_or("");
}

TEST(HelmOptionsTest, NamesTheOptionAndTheVersionThatKnowsIt) {
  const Action owning = MakeInstall({.take_ownership = true});
  EXPECT_EQ(Refused(owning, k316), "take_ownership: Helm 3.17 or later");
  EXPECT_EQ(Refused(owning, k317), std::nullopt);
  EXPECT_EQ(Refused(owning, kOldest4), std::nullopt);

  const Action unchecked = MakeInstall({.skip_schema_validation = true});
  EXPECT_EQ(Refused(unchecked, kOldest3), "skip_schema_validation: Helm 3.16 or later");
  EXPECT_EQ(Refused(unchecked, k316), std::nullopt);
}

TEST(HelmOptionsTest, KeepsServerSideApplyToHelm4) {
  for (const ServerSideApply apply :
       {ServerSideApply::kEnabled, ServerSideApply::kDisabled, ServerSideApply::kAuto}) {
    const Action installs = MakeInstall({.write = {.server_side_apply = apply}});
    EXPECT_EQ(Refused(installs, k317), "server_side_apply: Helm 4.0 or later");
    EXPECT_EQ(Refused(installs, kOldest4), std::nullopt);
    const Action rolls_back{.release = Key(),
                            .what = Rollback{.revision = 1, .write = {.server_side_apply = apply}}};
    EXPECT_EQ(Refused(rolls_back, k317), "server_side_apply: Helm 4.0 or later");
  }
}

TEST(HelmOptionsTest, LetsEveryHelmDoWhatAllOfThemCan) {
  const ApplyOptions apply{.write = {.wait_for_jobs = true, .force = true, .disable_hooks = true},
                           .rollback_on_failure = true,
                           .skip_crds = true,
                           .disable_openapi_validation = true,
                           .labels = *ReleaseLabels::Parse({{"team", "web"}}),
                           .description = *Description::Parse("first")};
  for (const HelmVersion& version : {kOldest3, k317, kOldest4}) {
    EXPECT_EQ(Refused(MakeInstall(apply), version), std::nullopt);
    EXPECT_EQ(Refused({.release = Key(),
                       .what = Upgrade{.chart = ChartArchive{"..."},
                                       .values = {},
                                       .apply = apply,
                                       .values_policy = ValuesPolicy::kResetThenReuse,
                                       .history_limit = 3}},
                      version),
              std::nullopt);
    EXPECT_EQ(Refused({.release = Key(),
                       .what = Uninstall{.keep_history = true, .cascade = Cascade::kOrphan}},
                      version),
              std::nullopt);
  }
}

}  // namespace
}  // namespace berth::helm
