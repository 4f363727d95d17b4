#include "common/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::log {
namespace {

using std::chrono_literals::operator""ms;
using nlohmann::json;
using testing::EndsWith;
using testing::MatchesRegex;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { Init({}); }

  void Use(Level level, Format format) {
    Init({.level = level, .format = format, .output = &output_});
  }
  std::string Text() const { return output_.str(); }

 private:
  std::ostringstream output_;
};

TEST_F(LogTest, JsonKeepsTheTypesOfFields) {
  Use(Level::kInfo, Format::kJson);
  const std::string name = "main.tcp.20000";
  Info("claim reserved", {{"claim", name},
                          {"port", std::int32_t{20000}},
                          {"bytes", std::uint64_t{1} << 63},
                          {"new", true},
                          {"duration_seconds", 1500ms},
                          {"ratio", 0.25F}});
  const json line = json::parse(Text());
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "claim reserved");
  EXPECT_EQ(line["claim"], name);
  EXPECT_EQ(line["port"], 20000);
  EXPECT_EQ(line["bytes"], std::uint64_t{1} << 63);
  EXPECT_EQ(line["new"], true);
  EXPECT_EQ(line["duration_seconds"], 1.5);
  EXPECT_EQ(line["ratio"], 0.25);
  EXPECT_THAT(line["time"].get<std::string>(),
              MatchesRegex("....-..-..T..:..:..\\.[0-9][0-9][0-9]Z"));
}

TEST_F(LogTest, JsonEscapesAndReplacesWhatIsNotUtf8) {
  Use(Level::kInfo, Format::kJson);
  Info("line", {{"text", "a\"b\\c\nd\x01 \xff"}});
  const std::string line = Text();
  EXPECT_EQ(json::parse(line)["text"], "a\"b\\c\nd\x01 \xEF\xBF\xBD");
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one event, one line";
}

TEST_F(LogTest, FieldsCannotOverwriteTimeLevelAndMessage) {
  Use(Level::kInfo, Format::kJson);
  Info("claim lost", {{"level", "debug"}, {"message", "forged"}});
  EXPECT_EQ(json::parse(Text())["level"], "info");
  EXPECT_EQ(json::parse(Text())["message"], "claim lost");
}

TEST_F(LogTest, TextQuotesOnlyWhatNeedsIt) {
  Use(Level::kInfo, Format::kText);
  Warning("rule refused",
          {{"rule", "main.tcp.1"}, {"why", "no \"port\"\nhere"}, {"port", 1}, {"empty", ""}});
  EXPECT_THAT(Text(), EndsWith(" warning rule refused rule=main.tcp.1 "
                               "why=\"no \\\"port\\\"\\nhere\" port=1 empty=\"\"\n"));
}

TEST_F(LogTest, EventsBelowTheLevelAreDropped) {
  Use(Level::kWarning, Format::kText);
  Debug("one");
  Info("two");
  EXPECT_FALSE(Enabled(Level::kInfo));
  EXPECT_EQ(Text(), "");
  Error("three");
  EXPECT_THAT(Text(), EndsWith("error   three\n"));
}

TEST_F(LogTest, LinesOfManyThreadsDoNotMix) {
  Use(Level::kInfo, Format::kJson);
  {
    std::vector<std::jthread> writers;
    writers.reserve(8);
    for (int writer = 0; writer < 8; ++writer) {
      writers.emplace_back([writer] {
        for (int i = 0; i < 100; ++i) {
          Info("event", {{"writer", writer}, {"text", std::string(100, 'x')}});
        }
      });
    }
  }
  std::istringstream lines(Text());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_TRUE(json::accept(line)) << line;
  }
  EXPECT_EQ(count, 800);
}

}  // namespace
}  // namespace berth::log
