#include "common/config/config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/status/status.h"

namespace berth::config {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

enum class Colour { kRed, kGreen };

struct Settings {
  std::string listen = "0.0.0.0:1";
  bool insecure = false;
  int threads = 4;
  std::int64_t count = 7;
  double ratio = 0.5;
  std::chrono::milliseconds wait = 1500ms;
  std::chrono::seconds ttl = 600s;
  std::int64_t limit = std::int64_t{32} << 20;
  std::vector<std::string> pools;
  Colour colour = Colour::kRed;
};

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    table_.Add("listen", &settings_.listen, "address to serve on");
    table_.Add("insecure", &settings_.insecure, "allow plain text");
    table_.Add("threads", &settings_.threads, "threads to use").Range(1, 64);
    table_.Add("count", &settings_.count, "how many");
    table_.Add("ratio", &settings_.ratio, "how much");
    table_.Add("drain.wait", &settings_.wait, "how long to wait").Range(1000);
    table_.Add("drain.ttl", &settings_.ttl, "how long to keep");
    table_.AddBytes("limit", &settings_.limit, "largest message").Range(1024);
    table_.Add("pools", &settings_.pools, "names of pools");
    table_.AddChoice("colour", &settings_.colour,
                     {{"red", Colour::kRed}, {"green", Colour::kGreen}}, "of the flag");
  }
  ~ConfigTest() override { std::filesystem::remove(file_); }

  absl::StatusOr<Outcome> Parse(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"program"};
    for (const std::string& argument : arguments) {
      argv.push_back(argument.c_str());
    }
    return table_.Parse(static_cast<int>(argv.size()), argv.data());
  }
  absl::StatusOr<Outcome> ParseFile(std::string_view yaml,
                                    std::vector<std::string> arguments = {}) {
    std::ofstream(file_) << yaml;
    arguments.push_back("--config=" + file_);
    return Parse(std::move(arguments));
  }
  // The violations as "field: description" without the folder of the file.
  std::vector<std::string> Violations(const absl::StatusOr<Outcome>& outcome) {
    EXPECT_EQ(ReasonOf(outcome.status()), Reason::ERROR_REASON_INVALID_FIELD);
    std::vector<std::string> lines;
    for (const FieldViolation& violation : FieldViolationsOf(outcome.status())) {
      std::string line = fmt::format("{}: {}", violation.field, violation.description);
      for (std::size_t at = 0; (at = line.find(file_)) != std::string::npos;) {
        line.replace(at, file_.size(), "FILE");
      }
      lines.push_back(line);
    }
    return lines;
  }

  Settings settings_;
  Table table_{"port-service", "Hands out ports."};
  const std::string file_ = testing::TempDir() + fmt::format("config_test_{}.yaml", getpid());
};

TEST_F(ConfigTest, WithoutFileAndFlagsTheDefaultsStay) {
  const auto outcome = Parse({});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->action, Outcome::Action::kRun);
  EXPECT_EQ(settings_.listen, "0.0.0.0:1");
  EXPECT_EQ(settings_.wait, 1500ms);
}

TEST_F(ConfigTest, TheFileSetsKeysOfEveryType) {
  const auto outcome = ParseFile(R"(
listen: 127.0.0.1:50052
insecure: true
threads: 64
count: -9000000000
ratio: 0.25
drain:
  wait: 1h30m
  ttl: 5m
limit: 64KiB
pools: [main, "other"]
colour: green
)");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(settings_.listen, "127.0.0.1:50052");
  EXPECT_TRUE(settings_.insecure);
  EXPECT_EQ(settings_.threads, 64);
  EXPECT_EQ(settings_.count, -9'000'000'000);
  EXPECT_EQ(settings_.ratio, 0.25);
  EXPECT_EQ(settings_.wait, std::chrono::minutes(90));
  EXPECT_EQ(settings_.ttl, std::chrono::minutes(5));
  EXPECT_EQ(settings_.limit, 65536);
  EXPECT_THAT(settings_.pools, ElementsAre("main", "other"));
  EXPECT_EQ(settings_.colour, Colour::kGreen);
}

TEST_F(ConfigTest, FlagsWinOverTheFile) {
  const auto outcome =
      ParseFile("drain: {wait: 5s}\npools: [a]\ncount: 1\n",
                {"--drain.wait=2500ms", "--pools=b,c", "--insecure", "--listen=a=b"});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(settings_.wait, 2500ms);
  EXPECT_THAT(settings_.pools, ElementsAre("b", "c"));
  EXPECT_TRUE(settings_.insecure);
  EXPECT_EQ(settings_.listen, "a=b");
  EXPECT_EQ(settings_.count, 1);
}

TEST_F(ConfigTest, AnEmptyFileAndAnEmptyListAreFine) {
  EXPECT_TRUE(ParseFile("# nothing\n").ok());
  settings_.pools = {"a"};
  EXPECT_TRUE(ParseFile("pools: []\n").ok());
  EXPECT_THAT(settings_.pools, IsEmpty());
}

TEST_F(ConfigTest, EveryKeyAtFaultIsNamedWithItsPlaceAndWhatWouldBeRight) {
  const auto outcome = ParseFile(R"(listen: [a]
lisen: x
threads: 65
count: 12x
ratio: .inf
drain:
  wait: 999ms
  ttl: 1500ms
  tll: 1s
limit: 1 MB
pools: [a, {b: c}]
insecure: yes
colour: blue
)");
  EXPECT_THAT(
      Violations(outcome),
      testing::UnorderedElementsAre(
          "listen: FILE:1:9: expected a text",
          "lisen: FILE:2:1: is not a key; expected one of colour, count, drain, insecure, limit, "
          "listen, pools, ratio, threads",
          "threads: FILE:3:10: expected at most 64, got '65'",
          "count: FILE:4:8: expected an integer, got '12x'",
          "ratio: FILE:5:8: expected a number, got '.inf'",
          "drain.wait: FILE:7:9: expected at least 1s, got '999ms'",
          "drain.ttl: FILE:8:8: expected a duration in whole seconds, such as 10s or 5m, got "
          "'1500ms'",
          "drain.tll: FILE:9:3: is not a key; expected one of ttl, wait",
          "limit: FILE:10:8: expected a size such as 512, 64KiB, 32MiB or 1GiB, got '1 MB'",
          "pools: FILE:11:12: expected a text in the list",
          "insecure: FILE:12:11: expected true or false, got 'yes'",
          "colour: FILE:13:9: expected one of red, green, got 'blue'"));
}

TEST_F(ConfigTest, AKeyGivenTwiceIsRefused) {
  EXPECT_THAT(Violations(ParseFile("count: 1\ncount: 2\n")),
              ElementsAre("count: FILE:2:1: is given twice"));
  EXPECT_THAT(Violations(Parse({"--count=1", "--count=2"})),
              ElementsAre("count: flag: is given twice"));
}

TEST_F(ConfigTest, YamlThatCannotBeParsedIsRefusedWithItsPlace) {
  EXPECT_THAT(Violations(ParseFile("listen: a\n  b: [\n")),
              ElementsAre(HasSubstr("config: FILE:2:")));
  EXPECT_THAT(Violations(ParseFile("- a\n")),
              ElementsAre(HasSubstr("config: FILE:1:1: expected a mapping of")));
  EXPECT_THAT(Violations(ParseFile("drain: 5s\n")),
              ElementsAre("drain: FILE:1:8: expected a mapping of ttl, wait"));
  EXPECT_THAT(Violations(ParseFile("count: 1\n---\ncount: 2\n")),
              ElementsAre("config: FILE: expected one YAML document"));
  EXPECT_THAT(Violations(Parse({"--config=/nonexistent.yaml"})),
              ElementsAre("config: /nonexistent.yaml: cannot be read"));
}

TEST_F(ConfigTest, FlagsThatDoNotExistOrHaveNoValueAreRefused) {
  EXPECT_THAT(
      Violations(Parse({"--lisen=x", "--count", "count=1", "--", "--config"})),
      testing::UnorderedElementsAre("lisen: flag: is not a key; --help lists all of them",
                                    "count: flag: expected --count=VALUE",
                                    "count=1: flag: expected --KEY=VALUE; --help lists all keys",
                                    "--: flag: expected --KEY=VALUE; --help lists all keys",
                                    "config: flag: expected --config=VALUE"));
}

TEST_F(ConfigTest, NumbersThatDoNotFitAreRefused) {
  EXPECT_FALSE(Parse({"--count=9223372036854775808"}).ok());
  EXPECT_FALSE(Parse({"--drain.wait=9223372036854775807h"}).ok());
  EXPECT_FALSE(Parse({"--limit=9223372036854775807GiB"}).ok());
  for (const char* wait : {"", "s", "10", "-5s", "5s ", "5 s", "1.5s", "s5"}) {
    EXPECT_FALSE(Parse({fmt::format("--drain.wait={}", wait)}).ok()) << wait;
  }
}

TEST_F(ConfigTest, RequiredKeysMustBeSet) {
  std::string target;
  table_.Add("target", &target, "service to call").Required();
  EXPECT_THAT(Violations(Parse({})), ElementsAre("target: is required: service to call"));
  EXPECT_THAT(Violations(Parse({"--target="})),
              ElementsAre("target: is required: service to call"));
  EXPECT_TRUE(Parse({"--target=a"}).ok());
  EXPECT_TRUE(ParseFile("target: a").ok());
}

TEST_F(ConfigTest, HelpListsEveryKeyWithTypeAndDefault) {
  const auto outcome = Parse({"--help", "--nonsense"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->action, Outcome::Action::kExit);
  EXPECT_THAT(outcome->text, HasSubstr("port-service: Hands out ports.\n"));
  EXPECT_THAT(outcome->text, HasSubstr("  --drain.wait=duration  (default 1500ms)\n"
                                       "      how long to wait\n"));
  EXPECT_THAT(outcome->text, HasSubstr("  --limit=size  (default 32MiB)\n"));
  EXPECT_THAT(outcome->text, HasSubstr("  --colour=red|green  (default red)\n"));
  EXPECT_THAT(outcome->text, HasSubstr("  --pools=list  (default empty)\n"));
  EXPECT_THAT(outcome->text, HasSubstr("  --drain.ttl=duration  (default 10m)\n"));
}

TEST_F(ConfigTest, VersionIsProgramAndVersion) {
  const auto outcome = Parse({"--version"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->action, Outcome::Action::kExit);
  EXPECT_EQ(outcome->text, fmt::format("port-service {}\n", Version()));
}

TEST_F(ConfigTest, AKeyInsideOfAnotherIsABug) {
  std::string target;
  EXPECT_DEATH(table_.Add("drain", &target, ""), "");
  EXPECT_DEATH(table_.Add("listen.address", &target, ""), "");
  EXPECT_DEATH(table_.Add("listen", &target, ""), "");
}

}  // namespace
}  // namespace berth::config
