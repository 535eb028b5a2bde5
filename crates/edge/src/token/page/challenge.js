(async () => {
  const bar = document.querySelector('.bar i');
  try {
    const number = await work(main.dataset.task, +main.dataset.bits, share => bar.style.width = share * 100 + '%');
    bar.style.width = '100%';
    const answer = await post({ task: main.dataset.task, number });
    if (answer.result === 'solved') goOn();
    else if (answer.result === 'stale' || answer.result === 'spent') location.reload();
    else say('failed', true);
  } catch {
    say('failed', true);
  }
})();
