#include "helm-service/transport/chart_source_mapping.h"

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::ElementsAre;

std::optional<Chart> Read(const std::function<void(v1::ChartSource&)>& fill) {
  v1::ChartSource source;
  fill(source);
  FieldViolations violations;
  std::optional<Chart> chart = ToChart(source, violations);
  EXPECT_TRUE(violations.ok()) << violations.ToStatus();
  return chart;
}

std::vector<std::string> FieldsAtFault(const std::function<void(v1::ChartSource&)>& fill) {
  v1::ChartSource source;
  fill(source);
  FieldViolations violations;
  ToChart(source, violations);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(violations.ToStatus())) {
    fields.push_back(violation.field);
  }
  return fields;
}

std::string Digest() { return std::string(64, 'a'); }

TEST(ChartSourceMappingTest, ReadsEveryKindOfSource) {
  const auto archive = Read([](auto& source) { source.set_archive("bytes"); });
  EXPECT_EQ(std::get<ChartArchive>(*archive).bytes, "bytes");

  const auto url = Read([](auto& source) {
    source.set_reference("https://host/web.tgz");
    source.set_sha256(Digest());
  });
  EXPECT_EQ(std::get<UrlChart>(*url).url.value(), "https://host/web.tgz");
  EXPECT_EQ(std::get<UrlChart>(*url).sha256->hex(), Digest());

  const auto oci = Read([](auto& source) {
    source.set_reference("oci://host/web");
    source.set_version("^1.2");
  });
  EXPECT_EQ(std::get<OciChart>(*oci).reference.ToString(), "oci://host/web");
  EXPECT_EQ(std::get<OciChart>(*oci).versions.text(), "^1.2");

  const auto repository = Read([](auto& source) {
    source.mutable_repository()->set_repository("stable");
    source.mutable_repository()->set_chart("web");
    source.mutable_repository()->set_version("~2");
  });
  EXPECT_EQ(std::get<RepositoryChart>(*repository).repository.value(), "stable");
  EXPECT_EQ(std::get<RepositoryChart>(*repository).chart.value(), "web");
  EXPECT_EQ(std::get<RepositoryChart>(*repository).versions.text(), "~2");
}

TEST(ChartSourceMappingTest, NeedsAChart) {
  EXPECT_THAT(FieldsAtFault([](auto&) {}), ElementsAre("chart"));
  EXPECT_THAT(FieldsAtFault([](auto& source) { source.set_archive(""); }),
              ElementsAre("chart.archive"));
  EXPECT_THAT(FieldsAtFault([](auto& source) { source.mutable_repository(); }),
              ElementsAre("chart.repository.repository", "chart.repository.chart"));
}

TEST(ChartSourceMappingTest, TakesAVersionOnlyWhereItMeansSomething) {
  EXPECT_THAT(FieldsAtFault([](auto& source) {
                source.set_archive("x");
                source.set_version("1.2.3");
              }),
              ElementsAre("chart.version"));
  for (const std::string& reference :
       {std::string("oci://host/web:1"), "oci://host/web@sha256:" + Digest(),
        std::string("https://host/web.tgz")}) {
    EXPECT_THAT(FieldsAtFault([&](auto& source) {
                  source.set_reference(reference);
                  source.set_version("1.2.3");
                }),
                ElementsAre("chart.version"))
        << reference;
  }
  EXPECT_THAT(FieldsAtFault([](auto& source) {
                source.set_reference("oci://host/web");
                source.set_version("not a version");
              }),
              ElementsAre("chart.version"));
}

TEST(ChartSourceMappingTest, TakesADigestOnlyForUrls) {
  EXPECT_THAT(FieldsAtFault([](auto& source) {
                source.set_reference("oci://host/web");
                source.set_sha256(Digest());
              }),
              ElementsAre("chart.sha256"));
  EXPECT_THAT(FieldsAtFault([](auto& source) {
                source.set_reference("https://host/web.tgz");
                source.set_sha256("12");
              }),
              ElementsAre("chart.sha256"));
}

TEST(ChartSourceMappingTest, RefusesFlagsAndPaths) {
  for (const char* reference :
       {"--post-renderer=x", "./chart", "/etc/passwd", "stable/web", "oci://x"}) {
    EXPECT_THAT(FieldsAtFault([&](auto& source) { source.set_reference(reference); }),
                ElementsAre("chart.reference"))
        << reference;
  }
}

}  // namespace
}  // namespace berth::helm
