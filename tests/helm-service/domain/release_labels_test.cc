#include "helm-service/domain/release_labels.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

TEST(ReleaseLabelsTest, TakesWhatKubernetesTakes) {
  const auto labels =
      ReleaseLabels::Parse({{"team", "web"}, {"example.com/Tier_2", "a.b-c"}, {"empty", ""}});
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_EQ(labels->ToFlag(), "empty=,example.com/Tier_2=a.b-c,team=web");
  EXPECT_TRUE(ReleaseLabels::Parse({})->empty());
}

TEST(ReleaseLabelsTest, RefusesWhatCouldEndALabelOrNameAnother) {
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"a,b", "c"},
                                          {"a=b", "c"},
                                          {"", "c"},
                                          {"/a", "c"},
                                          {"Domain/a", "c"},
                                          {"a/b/c", "d"},
                                          {"a\n", "b"},
                                          {"-a", "b"},
                                          {std::string(64, 'a'), "b"},
                                          {"value1", "b,owner=me"},
                                          {"value2", "b c"},
                                          {"value3", "-b"},
                                          {"value4", "\"b\""},
                                          {"value5", std::string(64, 'b')}}) {
    EXPECT_FALSE(ReleaseLabels::Parse({{key, value}}).ok()) << key << "=" << value;
  }
}

TEST(ReleaseLabelsTest, LeavesHelmsOwnToHelm) {
  for (const char* key : {"name", "owner", "status", "version", "createdAt", "modifiedAt"}) {
    EXPECT_FALSE(ReleaseLabels::Parse({{key, "x"}}).ok()) << key;
  }
}

TEST(ReleaseLabelsTest, TakesNoMoreThan32) {
  std::map<std::string, std::string> labels;
  for (int i = 0; i < 32; ++i) labels["l" + std::to_string(i)] = "x";
  EXPECT_TRUE(ReleaseLabels::Parse(labels).ok());
  labels["one-more"] = "x";
  EXPECT_FALSE(ReleaseLabels::Parse(labels).ok());
}

}  // namespace
}  // namespace berth::helm
