// What libmodsecurity makes of a value: the program that `cargo xtask conformance operators` asks.
//
// Input, a line each: `rules HEX` loads directives, in which rule 2 tests ARGS:x and rule 3 logs, as hexadecimal digits, what it
// caught; `value HEX` tests a value. Each value has a line of output: `0`, or `1` and those digits.

#include <modsecurity/modsecurity.h>
#include <modsecurity/rule_message.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <iostream>
#include <memory>
#include <string>

namespace {

bool matched = false;
std::string caught;

void note(void *, const void *message) {
    const auto *told = static_cast<const modsecurity::RuleMessage *>(message);
    if (told->m_ruleId == 2) matched = true;
    if (told->m_ruleId == 3) caught = told->m_data;
}

int digit(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

std::string unhex(const std::string &text) {
    std::string bytes;
    for (size_t at = 0; at + 1 < text.size(); at += 2) {
        bytes.push_back(static_cast<char>(digit(text[at]) * 16 + digit(text[at + 1])));
    }
    return bytes;
}

}  // namespace

int main() {
    modsecurity::ModSecurity engine;
    engine.setServerLogCb(note, modsecurity::RuleMessageLogProperty);
    std::unique_ptr<modsecurity::RulesSet> rules;
    std::string word, hex, line;
    while (std::getline(std::cin, line)) {
        const size_t space = line.find(' ');
        word = line.substr(0, space);
        hex = space == std::string::npos ? "" : line.substr(space + 1);
        if (word == "rules") {
            rules = std::make_unique<modsecurity::RulesSet>();
            if (rules->load(unhex(hex).c_str()) < 0) {
                std::cerr << rules->getParserError() << "\n";
                return 1;
            }
            continue;
        }
        if (word != "value" || !rules) return 2;
        matched = false;
        caught.clear();
        modsecurity::Transaction transaction(&engine, rules.get(), nullptr);
        transaction.processConnection("127.0.0.1", 1, "127.0.0.1", 2);
        transaction.processURI("/", "POST", "1.1");
        transaction.processRequestHeaders();
        transaction.addArgument("POST", "x", unhex(hex), 0);
        transaction.processRequestBody();
        std::cout << (matched ? "1 " : "0") << (matched ? caught : "") << "\n";
    }
    return 0;
}
