(() => {
  const form = document.querySelector('form'), input = document.getElementById('answer');
  const go = document.querySelector('.go'), swap = document.getElementById('swap');
  let puzzle, proof;
  const show = next => {
    puzzle = next;
    proof = work(puzzle.task, +main.dataset.bits);
    const words = Boolean(puzzle.en);
    document.getElementById('picture').hidden = words;
    document.getElementById('words').hidden = !words;
    document.getElementById('to-words').hidden = words;
    document.getElementById('to-picture').hidden = !words;
    input.inputMode = words ? 'numeric' : 'text';
    if (words) {
      document.getElementById('words-en').textContent = puzzle.en;
      document.getElementById('words-ja').textContent = puzzle.ja;
      input.setAttribute('aria-describedby', 'words status');
    } else {
      document.querySelector('img').src = puzzle.picture;
      input.setAttribute('aria-describedby', 'status');
    }
    input.value = '';
  };
  const fetchNext = async kind => {
    const response = await fetch(main.dataset.endpoint + '?kind=' + kind, { credentials: 'same-origin', cache: 'no-store' });
    show(await response.json());
  };
  const kind = () => puzzle.en ? 'words' : 'picture';
  const next = async wanted => {
    try {
      await fetchNext(wanted);
      say('');
    } catch {
      say('failed', true);
    }
    input.focus();
  };
  document.getElementById('other').onclick = () => next(kind());
  swap.onclick = () => next(kind() === 'words' ? 'picture' : 'words');
  let busy = false;
  form.onsubmit = async event => {
    event.preventDefault();
    if (busy || !input.value.trim()) return input.focus();
    busy = true;
    go.setAttribute('aria-disabled', 'true');
    say('wait');
    try {
      const answer = await post({ task: puzzle.task, number: await proof, answer: input.value });
      if (answer.result === 'solved') {
        say('solved');
        goOn();
      } else if (answer.result === 'later') {
        say('later', true);
      } else {
        await fetchNext(kind());
        say(answer.result === 'wrong' ? 'wrong' : 'stale', true);
        input.focus();
      }
    } catch {
      say('failed', true);
    }
    busy = false;
    go.removeAttribute('aria-disabled');
  };
  show({ task: main.dataset.task, picture: document.querySelector('img').getAttribute('src') });
  form.hidden = false;
  input.focus();
})();
